def lab_page(summary, *, command): return "x"
