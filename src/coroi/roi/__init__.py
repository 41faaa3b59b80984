"""Money over time: what effects and costs add up to, when they are paid back, and how sure that is."""
