"""Disks that are small, or that nobody may write to, for one case and what it starts.

A case runs in a process of its own. What that mounts is seen by it and its programs only, and is gone with them.
"""

import ctypes
import errno
import os
import subprocess

from .case import Skipped

# linux/sched.h
_NEW_MOUNTS, _NEW_USER = 0x0002_0000, 0x1000_0000


def needed():
    """Gives this process mounts of its own; skips the case where that is not allowed."""
    system = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if system.unshare(_NEW_MOUNTS) != 0:
        if system.unshare(_NEW_USER | _NEW_MOUNTS) != 0:
            raise Skipped(f"mounting: {os.strerror(ctypes.get_errno())}")
        for name, text in [("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")]:
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
    # Or the mounts below would be seen by others where the machine shares its own.
    _mount("--make-rprivate", "/")


def memory(path, size):
    """Mounts an empty disk of this size there."""
    path.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={size}", "none", path)


def change(path, options):
    """Gives a mounted disk another size, or takes the right to write away (`ro`) and gives it back (`rw`)."""
    _mount("-o", f"remount,{options}", path)


def fill(path, room):
    """Writes a file that leaves `room` bytes on its disk."""
    with open(path, "wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 12)):
                pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        file.truncate(file.tell() - room)


def take_away(path):
    """Unmounts it, with all that is in it."""
    subprocess.run(["umount", str(path)], check=True)


def _mount(*arguments):
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Skipped(f"mounting: {done.stderr.strip()}")
