# Runs a script of the original with the words of a job, which its own table does not know.
import os
import runpy
import signal
import sys


def end_with_whoever_started_this():
    """Ends the whole group once the other end of standard input is closed, also by a kill.

    A process of its own does it, which no lock of the interpreter holds up, and which is no child
    of the script.
    """
    if not hasattr(os, "fork"):
        return
    child = os.fork()
    if child == 0:
        if os.fork() == 0:
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, 1)
            os.dup2(null, 2)
            while os.read(0, 1):
                pass
            os.killpg(0, signal.SIGKILL)
        os._exit(0)
    os.waitpid(child, 0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


end_with_whoever_started_this()

words = os.environ.get("CHAT2SVG_SCRIPTS_PROMPT", "")
script = sys.argv[1]
gives_words = os.environ.get("CHAT2SVG_SCRIPTS_DIALECT") == "fork"
here = os.path.dirname(os.path.abspath(script))
sys.path[0] = here
sys.path.insert(1, os.path.dirname(here))
sys.argv = [script] + sys.argv[2:]
if gives_words:
    sys.argv += ["--prompt", words]
else:
    try:
        import utils.util as table
    except ImportError:
        pass
    else:
        if hasattr(table, "get_prompt"):
            table.get_prompt = lambda *_, **__: words
runpy.run_path(script, run_name="__main__")
