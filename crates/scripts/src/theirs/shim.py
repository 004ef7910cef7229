# Runs a script of the original with the words of a job, which its own table does not know.
import os
import runpy
import sys

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
