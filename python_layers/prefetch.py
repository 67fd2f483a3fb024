"""Make mini-batches in another process, a few ahead, so that the net does not wait for pictures."""
import multiprocessing
import queue
import signal

import cv2

AHEAD = 3   # our choice: batches that wait at most


def _work(sampler_class, settings, iteration, batches):
    """Put (iteration, batch) into the queue, one after the other, as long as the net's process lives."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)   # Ctrl-C is for the net's process, which ends this one
    cv2.setNumThreads(1)
    try:
        sampler = sampler_class(settings)
    except Exception as error:                     # told to the net's process, which raises it
        batches.put((iteration, error))
        return
    while True:
        try:
            item = (iteration, sampler.batch(iteration))
        except Exception as error:
            item = (iteration, error)
        while True:
            try:
                batches.put(item, timeout=2)
                break
            except queue.Full:
                if not multiprocessing.parent_process().is_alive():
                    batches.cancel_join_thread()
                    return
        iteration += 1


class Prefetch:
    """Batches of `sampler_class(settings).batch(iteration)` in rising order of iteration; a jump starts anew."""

    def __init__(self, sampler_class, settings):
        self.arguments, self.process, self.next = (sampler_class, settings), None, None

    def get(self, iteration):
        """Return the batch of an iteration; raise what the sampler raised."""
        if iteration != self.next:
            self._start(iteration)
        while True:
            try:
                number, batch = self.batches.get(timeout=5)
                break
            except queue.Empty:
                if not self.process.is_alive():
                    raise RuntimeError(f"the process that prepares batches has died (code {self.process.exitcode}); "
                                       "is the memory full? Go on with --resume") from None
        assert number == iteration
        self.next = iteration + 1
        if isinstance(batch, Exception):
            raise batch
        return batch

    def _start(self, iteration):
        if self.process is not None:
            self.process.terminate()
        context = multiprocessing.get_context("spawn")   # never forked: Caffe's threads would not survive it
        self.batches = context.Queue(AHEAD)
        self.process = context.Process(target=_work, args=(*self.arguments, iteration, self.batches), daemon=True)
        self.process.start()
