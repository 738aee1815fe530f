from lrs.services.sorted_lines import SortedLines


def test_lines_come_in_order_whether_they_fit_into_memory_or_not() -> None:
    lines = [f"{number * 7919 % 1000:04d}".encode() for number in range(1000)]
    for most_bytes in (50, 10_000):
        with SortedLines(most_bytes) as kept:
            for line in lines:
                kept.add(line)
            assert [*kept] == sorted(lines)
            assert [*kept] == sorted(lines), "a second time"
