"""Uploaded files on their way into a dataset."""

import os
from pathlib import Path

from core.uploads import KEPT_SECONDS, Uploads


def test_an_upload_keeps_its_own_name_which_the_card_will_show(tmp_path: Path):
    path = Uploads(tmp_path).keep("ratings.csv", b"user,item\n")
    assert path.name == "ratings.csv" and path.read_bytes() == b"user,item\n"


def test_a_name_with_folders_cannot_leave_the_home(tmp_path: Path):
    path = Uploads(tmp_path).keep("../../etc/passwd", b"x")
    assert path.is_relative_to(tmp_path / "uploads") and path.name == "passwd"


def test_a_dropped_upload_is_gone_and_a_file_of_the_server_never_is(tmp_path: Path):
    own = tmp_path / "mine.csv"
    own.write_text("x")
    path = Uploads(tmp_path).keep("ratings.csv", b"x")
    Uploads(tmp_path).drop(path)
    Uploads(tmp_path).drop(own)
    assert not path.parent.exists() and own.exists()


def test_what_a_closed_browser_left_goes_a_day_later(tmp_path: Path):
    old = Uploads(tmp_path).keep("old.csv", b"x")
    os.utime(old.parent, (0, old.stat().st_mtime - KEPT_SECONDS - 60))
    Uploads(tmp_path).keep("new.csv", b"x")
    assert not old.exists()
