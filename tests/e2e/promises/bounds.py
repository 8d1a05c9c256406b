"""Memory follows concurrency and not the length of the list; a full disk ends the run and says so.

The million takes its time: without `--full` it is 200,000 codes, which a program that keeps entries cannot hide in
either (320 bytes an entry would already show).
"""

import re
import shutil
import subprocess

from harness import images
from harness.case import Skipped, case, equal, expect
from harness.ports import RefusingPort

_MOST_KIB = 64 * 1024
_PEAK_AT_LEAST = 1_000


def long_list(work):
    """A list of a million codes, or of 200,000; returns its path and its length."""
    length = 1_000_000 if work.full else 200_000
    path = work.folder / "long.txt"
    with open(path, "w", encoding="ascii") as out:
        out.writelines(f"code-{number:07}\n" for number in range(length))
    return path, length


def expect_small(run):
    peak = run.usage.peak_kib
    expect(peak > _PEAK_AT_LEAST, f"the peak of memory was not measured: {peak} KiB", run.details)
    expect(peak < _MOST_KIB, f"peak memory of {peak / 1024:.1f} MiB", run.details)


@case(limit=300)
def a_long_list_of_missing_codes_stays_below_64_mib(work):
    listed, length = long_list(work)
    run = work.flagdl("-c", "16", "--base-url", work.nginx.url("missing", way="silent_log"), listed, limit=290)
    run.expect_code(3).expect_tally(ok=0, not_found=length)
    expect_small(run)


@case(limit=300)
def four_times_as_many_pictures_take_no_more_memory(work):
    # Both fill what is read ahead, and the longer one is more than names are kept of in memory.
    shorter, longer, most_more = 20_000, 80_000, 8 * 1024
    picture = work.serve("mixed/pic0.jpg", images.jpeg("mixed", 1_024))
    names = {f"pic{number}.jpg" for number in range(longer) if number % 5 < 2}
    for name in names - {"pic0.jpg"}:
        work.serve_also("mixed/pic0.jpg", f"mixed/{name}")

    def peak(length):
        work.remove(work.dest)
        run = work.flagdl("-c", "16", "--base-url", work.nginx.url("mixed", way="silent_log"),
                          work.list(*(f"pic{number}" for number in range(length))), limit=90)
        run.expect_code(3).expect_tally(ok=length * 2 // 5, not_found=length * 3 // 5)
        expect(run.usage.peak_kib > _PEAK_AT_LEAST, "the peak of memory was not measured", run.details)
        return run.usage.peak_kib, run

    least, _ = peak(shorter)
    # How threads take turns costs some mebibytes now and then; what grows with the list is there each time.
    for _ in range(3):
        most, run = peak(longer)
        if most <= least + most_more:
            break
    expect(most <= least + most_more, f"{(most - least) / 1024:.1f} MiB more for the longer list", run.details)
    work.expect_files(dict.fromkeys(names, picture), run)


@case(limit=300)
def a_long_list_for_a_closed_port_stays_below_64_mib(work):
    listed, length = long_list(work)
    with RefusingPort() as closed:
        run = work.flagdl("-c", "16", "--retries", "0", "--base-url", f"http://127.0.0.1:{closed}", listed, limit=290)
    run.expect_code(1).expect_tally(ok=0, errors=length)
    expect_small(run)


@case(limit=60)
def a_large_file_is_not_held_in_memory(work):
    size = 200 << 20
    head, tail = images.jpeg("huge", 200)[:-2], images.jpeg("huge", 200)[-2:]
    path = "huge/huge.jpg"
    work.serve(path, head + b"\x00" * size + tail)
    # Zeros between the markers are no picture, and the check is not what this is about.
    run = work.flagdl("--accept", "any", "--max-size", "1GiB", work.list(work.nginx.url(path)), limit=50)
    run.expect_code(0).expect_tally(ok=1)
    equal((work.dest / "huge.jpg").stat().st_size, size + len(head) + len(tail), "bytes on disk", run.details)
    expect_small(run)


@case()
def a_full_disk_ends_the_run_with_4_and_says_so(work):
    names = [f"pic{number}" for number in range(40)]
    pictures = work.serve_pictures("full", names, smallest=5_000)
    mount = f'mount -t tmpfs -o size=64k none "{work.dest}"'
    # In a mount namespace of its own the small disk vanishes with the shell, whatever happens.
    namespace = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    work.dest.mkdir()
    allowed = shutil.which("unshare") and subprocess.run([*namespace, mount], capture_output=True, check=False)
    if not allowed or allowed.returncode != 0:
        raise Skipped(f"mounting a small tmpfs: {allowed.stderr.decode().strip() if allowed else 'unshare'}")
    kept = work.folder / "kept"
    script = f'{mount} && "$@"; code=$?; cp -r "{work.dest}" "{kept}"; exit $code'
    run = work.flagdl("-c", "2", "--base-url", work.nginx.url("full"), work.list(*names),
                      wrapper=[*namespace, script, "sh"], writes=[kept])
    run.expect_code(4)
    says_so = re.search("no space|disk (is )?full|full disk", run.err, re.IGNORECASE)
    expect(says_so, "no word of a full disk", run.details)
    have = work.files(kept)
    wrong = [name for name, data in have.items() if pictures.get(name) != data]
    equal(wrong, [], "files that are not whole", run.details)
