"""The shell at a terminal: a prompt with history, completion and colours."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable, Iterator
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from sqlml.errors import SqlmlError
from sqlml.functions import FUNCTIONS
from sqlml.shell.commands import BY_NAME
from sqlml.shell.completion import complete
from sqlml.shell.highlighting import STYLE, SqlLexer
from sqlml.shell.history import open_history
from sqlml.shell.names import Names, read_names
from sqlml.shell.shell import Shell, report
from sqlml.shell.words import is_command, is_complete

_FILES = ("\\i", ".read", "\\o", ".output")


class SqlCompleter(Completer):
    """Completes statements by the catalog's names, and commands."""

    def __init__(self, shell: Shell) -> None:
        self._tokenize = shell.session.database.tokenize
        self.names = Names()
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """The completions at the cursor."""
        try:
            if is_command(document.text) or document.text in (".", "\\"):
                yield from self._of_command(document, complete_event)
                return
            before, after = document.text_before_cursor, document.text_after_cursor
            for found in complete(before, after, self.names, self._tokenize):
                yield Completion(found.text, -found.length, display_meta=found.what)
        except SqlmlError:
            # Half a character was pasted: nothing can be said of such a text.
            return

    def _of_command(self, document: Document, event: CompleteEvent) -> Iterator[Completion]:
        name, space, rest = document.text_before_cursor.lstrip().partition(" ")
        if not space:
            for known, command in BY_NAME.items():
                if known.startswith(name):
                    yield Completion(known, -len(name), display_meta=command.does)
        elif name in _FILES:
            yield from self._paths.get_completions(Document(rest.lstrip(), len(rest.lstrip())), event)
        else:
            wanted = "model " if name in ("\\dm", ".models") else "from "
            kinds = ("model",) if name in ("\\dm", ".models") else ("relation", "schema", "model")
            for found in complete(f"describe {wanted}{rest}", "", self.names, self._tokenize):
                if found.what in kinds:
                    yield Completion(found.text, -found.length, display_meta=found.what)


def run_at_terminal(shell: Shell) -> int:
    """Read, run, print until `\\q` or Ctrl-D; gives the exit code."""
    tokenize = shell.session.database.tokenize
    completer = SqlCompleter(shell)
    prompt: PromptSession[str] = PromptSession(
        history=open_history(tokenize),
        lexer=SqlLexer(tokenize, FUNCTIONS.names()),
        completer=completer,
        complete_while_typing=False,
        auto_suggest=AutoSuggestFromHistory(),
        style=STYLE,
        multiline=True,
        key_bindings=_keys(shell),
        prompt_continuation=_continuation,
    )
    print('sqlml: \\? lists the commands, statements end with ";".')
    while not shell.is_left:
        try:
            mark = shell.mark()
            _refresh(shell, completer, mark)
            _run(shell, prompt.prompt(_prompt(mark)))
        except KeyboardInterrupt:
            # At the prompt it clears what is typed; a second one may come while the first is still reported.
            continue
        except EOFError:
            break
    if shell.mark():
        print("The open transaction was rolled back.", file=sys.stderr)
    return 0


def _run(shell: Shell, text: str) -> None:
    try:
        shell.run(text)
    except (SqlmlError, KeyboardInterrupt) as error:
        report(error, sys.stderr)
    except BrokenPipeError:
        raise
    except Exception:  # noqa: BLE001 - what is in memory must outlive an error of ours, which is shown whole
        traceback.print_exc()
        print("This is an error of sqlml's own. The session goes on.", file=sys.stderr)


def _refresh(shell: Shell, completer: SqlCompleter, mark: str) -> None:
    """Read the names again where they may have changed; in a failed transaction nothing can be read."""
    if not shell.names_are_stale or mark == "!":
        return
    try:
        completer.names = read_names(shell.session)
        shell.names_are_stale = False
    except SqlmlError as error:
        shell.names_are_stale = False
        print(f"The names to complete could not be read: {error.message}", file=sys.stderr)


def _prompt(mark: str) -> StyleAndTextTuples:
    style = {"": "class:prompt", "*": "class:prompt.open", "!": "class:prompt.failed"}[mark]
    return [(style, f"sqlml{mark}> ")]


def _continuation(width: int, _line: int, _wraps: int) -> StyleAndTextTuples:
    return [("class:continuation", "...> ".rjust(width))]


def _keys(shell: Shell) -> KeyBindings:
    keys = KeyBindings()
    tokenize = shell.session.database.tokenize

    @keys.add("enter")
    def _enter(event: KeyPressEvent) -> Any:
        """Run what is complete, else begin a new line; a completion that is chosen is taken first."""
        buffer = event.current_buffer
        if buffer.complete_state is not None and buffer.complete_state.current_completion is not None:
            buffer.complete_state = None
            return
        if is_command(buffer.text) or _is_whole(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    def _is_whole(text: str) -> bool:
        try:
            return is_complete(text, tokenize)
        except SqlmlError:
            # Running it says what is wrong with it.
            return True

    @keys.add("escape", "enter")
    def _new_line(event: KeyPressEvent) -> Any:
        """Alt-Enter begins a new line in any place."""
        event.current_buffer.insert_text("\n")

    return keys
