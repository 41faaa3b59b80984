from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import nbformat
import pytest

from coroi.studies.bundled import PACKAGE
from coroi.studies.tidy import tidy_notebook, without_paths

V4 = nbformat.v4


def tidied(*outputs, folders=(), tags=()):
    cell = V4.new_code_cell("x", outputs=list(outputs), metadata={"tags": list(tags)})
    return tidy_notebook(V4.new_notebook(cells=[cell]), folders)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("No such file: '/home/ann/data/panel.parquet'", "No such file: 'panel.parquet'"),
        ("in /tmp/x/y/, sorry", "in a folder, sorry"),
        (r"C:\Users\Ann\data\panel.csv is empty", "panel.csv is empty"),
        ("1/2 of the customers and/or both", "1/2 of the customers and/or both"),
        ("see https://example.org/a/b", "see https://example.org/a/b"),
        ("<p>a</p><p>b</p>", "<p>a</p><p>b</p>"),
        ("tables/customers.csv line 3", "tables/customers.csv line 3"),
    ],
)
def test_absolute_paths_are_cut_to_their_last_part(message, expected):
    assert without_paths(message) == expected


def test_timings_and_machine_paths_leave_the_metadata():
    notebook = V4.new_notebook(cells=[V4.new_code_cell("x")])
    notebook.metadata["papermill"] = {"start_time": "now", "input_path": "/tmp/x.ipynb"}
    notebook.metadata["kernelspec"] = {"name": "mine", "display_name": "Mine", "language": "python"}
    notebook.cells[0].metadata.update(papermill={"duration": 1.0}, execution={"iopub.status.busy": "now"})
    tidy = tidy_notebook(notebook)
    assert tidy.metadata == {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    assert tidy.cells[0].metadata == {}


def test_the_injected_cell_has_the_same_id_every_time():
    assert tidied(tags=["injected-parameters"]).cells[0].id == "injected-parameters"


@pytest.mark.parametrize("folder", [Path.home(), PACKAGE.parent, Path(sys.prefix), Path(tempfile.gettempdir())])
def test_known_folders_leave_every_text_output(folder):
    text = f"read {folder}/data/a.csv and {folder}"
    outputs = [
        V4.new_output("stream", name="stdout", text=text),
        V4.new_output("display_data", data={"text/plain": text, "text/html": f"<p>{text}</p>"}),
    ]
    stream, shown = tidied(*outputs).cells[0].outputs
    assert stream.text == "read data/a.csv and "
    assert shown.data == {"text/plain": "read data/a.csv and ", "text/html": "<p>read data/a.csv and </p>"}


def test_a_longer_folder_name_and_an_image_are_left_alone():
    output = V4.new_output("display_data", data={"image/png": "abc/srv/one/def", "text/plain": "/srv/onetwo/x"})
    (shown,) = tidied(output, folders=[Path("/srv/one")]).cells[0].outputs
    assert shown.data == {"image/png": "abc/srv/one/def", "text/plain": "/srv/onetwo/x"}


def test_memory_addresses_and_tracebacks_go_and_the_message_stays():
    plain = V4.new_output("display_data", data={"text/plain": "<Axes object at 0x7f01aa3b2c10>"})
    error = V4.new_output("error", ename="OSError", evalue="no '/srv/a/b.csv'", traceback=["File /srv/a.py"])
    shown, failed = tidied(plain, error).cells[0].outputs
    assert shown.data["text/plain"] == "<Axes object>"
    assert (failed.evalue, failed.traceback) == ("no 'b.csv'", [])
