"""Makes schedules.json: prompts and what AUTOMATIC1111's grammar of schedules makes of them.

The grammar is given to lark's Earley parser, so that the table does not come from the code it tests.
Needs: pip install lark. Run in this folder.
"""

import json
import random

import lark

GRAMMAR = r"""
!start: (prompt | /[][():]/+)*
prompt: (emphasized | scheduled | alternate | plain | SPACE)*
!emphasized: "(" prompt ")" | "(" prompt ":" prompt ")" | "[" prompt "]"
scheduled: "[" [prompt ":"] prompt ":" [SPACE] NUMBER [SPACE] "]"
alternate: "[" prompt ("|" [prompt])+ "]"
SPACE: /\s+/
plain: /([^\\\[\]():|]|\\.)+/
%import common.SIGNED_NUMBER -> NUMBER
"""
whole = lark.Lark(GRAMMAR)
# Prompts that need no bracket or colon as text: for those there is only one reading.
sound = lark.Lark(GRAMMAR, start="prompt")


def number(tree):
    return next(c for c in tree.children if isinstance(c, lark.Token) and c.type == "NUMBER")


def last_step(when, steps, first_pass):
    value = float(when)
    share = "." in when
    value = (value - (1 if first_pass else 0)) * steps if share else value - (first_pass or 0)
    return min(steps, int(value))


def ends(tree, steps, first_pass):
    found = set()
    if tree is None or isinstance(tree, lark.Token):
        return found
    if tree.data == "scheduled":
        end = last_step(number(tree), steps, first_pass)
        found |= {end} if end >= 1 else set()
    if tree.data == "alternate":
        found |= set(range(1, steps + 1))
    for child in tree.children:
        found |= ends(child, steps, first_pass)
    return found


def text(tree, step, steps, first_pass):
    if tree is None:
        return ""
    if isinstance(tree, lark.Token):
        return str(tree)
    if tree.data == "scheduled":
        before = step <= last_step(number(tree), steps, first_pass)
        return text(tree.children[0 if before else 1], step, steps, first_pass)
    if tree.data == "alternate":
        return text(tree.children[(step - 1) % len(tree.children)], step, steps, first_pass)
    return "".join(text(child, step, steps, first_pass) for child in tree.children)


def schedule(prompt, steps, first_pass=None):
    try:
        tree = whole.parse(prompt)
    except lark.exceptions.LarkError:
        return [[steps, prompt]]
    found = sorted(ends(tree, steps, first_pass) | {steps})
    return [[end, text(tree, end, steps, first_pass)] for end in found]


def is_sound(prompt):
    try:
        sound.parse(prompt)
        return True
    except lark.exceptions.LarkError:
        return False


def generate(random, depth=0):
    if depth > 2 or random.random() < 0.35:
        return "".join(random.choice(["a", "b ", " c", "x", ", y", "\\(", "é", "\\:"]) for _ in range(random.randint(0, 2)))

    def inner():
        return "".join(generate(random, depth + 1) for _ in range(random.randint(0, 2)))

    when = random.choice(["3", " 4", ".5", "0.25 ", "12", "1.5", "-1", "+2", "0", "1.", "2e0", "1.2e1", "7"])
    return random.choice(
        [
            lambda: f"({inner()})",
            lambda: f"({inner()}:1.3)",
            lambda: f"[{inner()}]",
            lambda: f"[{inner()}:{inner()}:{when}]",
            lambda: f"[{inner()}:{when}]",
            lambda: f"[{inner()}::{when}]",
            lambda: f"[{inner()}|{inner()}]",
            lambda: f"[{inner()}|{inner()}|{inner()}]",
        ]
    )()


BROKEN = [
    "a [unbalanced", "a [b:3", "a] [b:c:3]", "[a:b]", "[a:b:c]", "(a:b:c) [d:e:3]", "[a:(b:3]", "[(a]:b:3)", "a | b [c:3]",
    "[a|b:3]", "[a|b:c:3]", "back\\", "[a:b:3] back\\", "((a][:b:c [d:3]", "[a:b:3]]", "[[a:b:3]", "a: b: c", ":)", "(((", "]]",
    "[a:b:3.5.1]", "[a:b:x]", "[a:(b:c:d):3]", "{a|b}", "[{a|b}:3]", "[a:b:3\n]", "[a\\\n:b:3]", "[:3]", "[::3]", "[a|]", "[|]", "[]",
]

if __name__ == "__main__":
    source = random.Random(7)
    prompts = list(BROKEN)
    while len(prompts) < 180:
        prompt = "".join(generate(source) for _ in range(source.randint(1, 2)))
        if 3 < len(prompt) < 48 and prompt not in prompts and is_sound(prompt):
            prompts.append(prompt)
    table = []
    for prompt in prompts:
        steps, first_pass = source.choice([(10, None), (10, None), (4, None), (6, 10)])
        table.append({"prompt": prompt, "steps": steps, "firstPass": first_pass, "entries": schedule(prompt, steps, first_pass)})
    with open("schedules.json", "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(case, ensure_ascii=False) for case in table) + "\n]\n")
