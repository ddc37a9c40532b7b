"""Walk: list everything below a folder, whatever its name and state.

Belongs here: which folders are entered, and for which reasons an entry is refused. Not here: what a
landing zone is (`lake.landing`), how names are written (`names`).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from typing import NamedTuple

from resources.landing.names import hidden, is_utf8, original_name, printable_name

Parts = tuple[str, ...]
_ERRORS_OF_ONE_FILE = {
    errno.EACCES, errno.EPERM, errno.EIO, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO, errno.ENODEV, errno.EISDIR,
    errno.EINVAL, errno.EBADMSG, errno.EUCLEAN, errno.ENODATA, errno.EOVERFLOW, errno.EOPNOTSUPP, errno.EILSEQ,
}  # fmt: skip
ALL_MAY_READ = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH  # then there is no need to ask for each file
_KINDS = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFBLK: "a device", stat.S_IFCHR: "a device"}


class Found(NamedTuple):
    """An entry below the top: a readable file, or one that cannot be read or listed, with the reason in `refused`."""

    parts: Parts
    version: str
    size: int = 0
    refused: str | None = None
    folder: bool = False

    @property
    def relative(self) -> str:
        return "/".join([*self.parts, ""]) if self.folder else "/".join(self.parts)


def concerns_one_file(error: OSError) -> bool:
    """Whether an error concerns one file or folder only. Others, such as too many open files or a lost mount, end the
    run."""
    return isinstance(error, PermissionError) or error.errno in _ERRORS_OF_ONE_FILE


def version_of(status: os.stat_result) -> str:
    """A file's version: its size and modification time."""
    return f"{status.st_size:x}-{status.st_mtime_ns:x}"


def walk(top: bytes, enter: Callable[[Parts], bool]) -> Iterator[Found]:
    """Everything below a folder. Only subfolders that `enter` accepts are entered. A missing folder is empty."""
    zone = os.path.realpath(top)
    to_list: list[tuple[Parts, bool]] = [((), False)]  # folders, and whether a link led to them
    while to_list:
        parts, linked = to_list.pop()
        try:
            with os.scandir(b"/".join([top, *map(original_name, parts)])) as entries:
                listed = list(entries)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            yield _refused(parts, error, "a folder that cannot be listed", folder=True)
            continue
        for entry in listed:
            name = printable_name(entry.name)
            if hidden(name):
                continue
            if not is_utf8(entry.name):
                folder = entry.is_dir(follow_symlinks=False)
                yield Found((*parts, name), "name-not-utf-8", refused="its name is not UTF-8: rename it", folder=folder)
                continue
            found = _inspect(entry, (*parts, name), zone, linked)
            if isinstance(found, Found):
                yield found
            elif found is not None and enter(found):
                to_list.append((found, linked or entry.is_symlink()))


def _inspect(entry: os.DirEntry[bytes], parts: Parts, zone: bytes, linked: bool) -> Found | Parts | None:
    """What an entry is: `Found`, or the path of a folder to enter, or None if it has disappeared."""
    try:
        status = entry.stat()
    except FileNotFoundError as error:
        return _refused(parts, error, "a link to nothing") if entry.is_symlink() else None
    except OSError as error:
        return _refused(parts, error, "a link that leads in a circle" if error.errno == errno.ELOOP else "no access")
    if stat.S_ISDIR(status.st_mode):
        return _inspect_link(entry, parts, zone, linked) if entry.is_symlink() else parts
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        return Found(parts, "not-a-file", refused=f"{kind}, not a file")
    if status.st_mode & ALL_MAY_READ != ALL_MAY_READ and not _may_read(entry.path):
        return Found(parts, "no-access", status.st_size, f"no access: {os.strerror(errno.EACCES)}")
    return Found(parts, version_of(status), status.st_size)


def _may_read(path: bytes) -> bool:
    return os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids)


def _inspect_link(entry: os.DirEntry[bytes], parts: Parts, zone: bytes, linked: bool) -> Found | Parts:
    """Follow a link to a folder unless it is below another link, or leads into or above the stream's own folder."""
    target = os.path.realpath(entry.path)
    overlaps = os.path.commonpath([target, zone]) in (target, zone)
    why = "a link behind a link" if linked else "a link into or around the stream's own folder" if overlaps else None
    return Found(parts, "link-not-followed", refused=f"{why}, which is not followed", folder=True) if why else parts


def _refused(parts: Parts, error: OSError, what: str, folder: bool = False) -> Found:
    if not concerns_one_file(error) and not isinstance(error, FileNotFoundError):
        raise error
    return Found(parts, what.replace(" ", "-"), refused=f"{what}: {error.strerror or error}", folder=folder)
