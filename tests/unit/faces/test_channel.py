import threading
import time

import pytest

from emoreport.faces.channel import CancelledError, Channel


def channel(items=4, bytes_=1000):
    return Channel(max_items=items, max_bytes=bytes_)


def in_thread(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_items_come_out_in_order_and_then_none():
    queue = channel(items=100)
    for number in range(50):
        queue.put(number, 1)
    queue.close()
    assert [queue.get() for _ in range(51)] == [*range(50), None]


@pytest.mark.parametrize(("items", "bytes_", "room"), [(3, 1000, 3), (100, 250, 2), (100, 90, 1)])
def test_a_full_channel_makes_the_writer_wait(items, bytes_, room):
    queue, written = channel(items, bytes_), []

    def write():
        for number in range(6):
            queue.put(number, 100)
            written.append(number)

    thread = in_thread(write)
    thread.join(0.3)
    assert written == list(range(room))
    assert [queue.get() for _ in range(6)] == list(range(6))
    thread.join(5)
    assert not thread.is_alive()


def test_the_reader_waits_for_an_item():
    queue = channel()
    in_thread(lambda: (time.sleep(0.05), queue.put("late", 1)))
    assert queue.get() == "late"


def test_a_failure_reaches_the_reader_ahead_of_waiting_items():
    queue = channel()
    queue.put("waiting", 1)
    queue.fail(OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        queue.get()


def test_cancelling_frees_a_waiting_writer():
    queue, ended = channel(items=1), []

    def write():
        try:
            for _ in range(3):
                queue.put("item", 1)
        except CancelledError:
            ended.append(True)

    thread = in_thread(write)
    time.sleep(0.05)
    queue.cancel()
    thread.join(5)
    assert ended == [True]


def test_cancelling_frees_a_waiting_reader():
    queue = channel()
    in_thread(lambda: (time.sleep(0.05), queue.cancel()))
    with pytest.raises(CancelledError):
        queue.get()
