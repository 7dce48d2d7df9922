#!/usr/bin/env python3
"""Writes scripts in persist/, with answers from a reference model.

    python3 generate.py                     rewrite every script in persist/
    python3 generate.py --check FILE...     answer FILEs again and compare

A script is what the replay program reads: blocks of a directive, input lines,
`----` and the answer.  The answers written here do not come from that program
or any other part of the core.  They come from the model in this file, which
goes about it as naively as it can: every piece of the spine carries the whole
list of the hollow batches it is made of, nothing is cached, numbers are
unbounded and cut off at 2^63-1 only where they are looked at, and illegal input
is found by checks of its own.  Two programs that share no line and agree on
every answer are unlikely to be wrong in the same place.

The model has one dimension and neither takes traces apart nor does it know the
spines of dd/: dimensions.txt and dd/ are written by hand, with answers of the
replay program.

The scripts are the same at every run: what is random in them comes from a small
generator with fixed seeds.
"""

import os
import re
import sys

GREATEST = 2 ** 63 - 1          # the greatest time, length, and count
END = 2 ** 64                   # the empty frontier: after every time


def cut(number):
    return min(number, GREATEST)


class Refused(Exception):
    """Something illegal; the text is what follows `error: `."""


# ---------------------------------------------------------------- text forms


def show(frontier):
    return '[]' if frontier == END else '[%d]' % frontier


def read_frontier(text):
    """A frontier at the start of text, and the text after it."""
    tokens = re.findall(r'\s*(\d+|\S)', text)
    if tokens[:1] != ['[']:
        raise Refused('malformed frontier')
    frontier, i = END, 1
    while tokens[i:i + 1] != [']']:
        element = tokens[i] if i < len(tokens) else ''
        if element == '(':
            raise Refused('the model has one dimension only')
        if element == '-':
            raise Refused('time is below 0')
        if not element.isdigit():
            raise Refused('malformed frontier')
        if int(element) > GREATEST:
            raise Refused('time is out of range')
        frontier = min(frontier, int(element))
        follows = tokens[i + 1:i + 3]
        if follows[:1] == [','] and follows[1:] != [']']:
            i += 2
        elif follows[:1] == [']']:
            i += 1
        else:
            raise Refused('malformed frontier')
    return frontier, text[text.index(']') + 1:]


class Hollow:
    """One hollow batch: bounds, since, number of updates, names of its parts."""

    def __init__(self, lower, upper, since, length, parts=()):
        self.lower, self.upper, self.since = lower, upper, since
        self.length, self.parts = length, list(parts)

    @staticmethod
    def read(line):
        lower, line = read_frontier(line)
        upper, line = read_frontier(line)
        since, line = read_frontier(line)
        length = re.match(r'\s*([+-]?\d+)', line)
        if not length:
            raise Refused('malformed batch')
        return Hollow(lower, upper, since, int(length.group(1)),
                      line[length.end():].split())

    def __str__(self):
        return ' '.join([show(self.lower) + show(self.upper) + show(self.since),
                         str(self.length)] + self.parts)

    def refuse_interval(self):
        if self.lower == END:
            raise Refused('lower is empty')
        if self.lower == self.upper:
            raise Refused('lower equals upper')
        if self.lower > self.upper:
            raise Refused('lower is not before upper')

    def refuse_length(self):
        if self.length < 0:
            raise Refused('length is negative')


# ----------------------------------------------------------------- the model


class Piece:
    """A spine batch: neighbouring hollow batches, each with the ids it covers.

    since is its own: a piece made of several is due to be compacted further
    than any of them has been.
    """

    def __init__(self, inputs, since):
        self.inputs = inputs        # list of (lo, hi, Hollow)
        self.since = since

    lo = property(lambda self: self.inputs[0][0])
    hi = property(lambda self: self.inputs[-1][1])
    lower = property(lambda self: self.inputs[0][2].lower)
    upper = property(lambda self: self.inputs[-1][2].upper)
    fueled = property(lambda self: len(self.inputs) > 1)
    length = property(lambda self: cut(sum(h.length for _, _, h in self.inputs)))
    parts = property(lambda self: [p for _, _, h in self.inputs for p in h.parts])

    def show_desc(self):
        return show(self.lower) + show(self.upper) + show(self.since)

    def show_request(self):
        return ' '.join([self.show_desc()] + self.parts)


class Level:
    """At most two pieces, older first; with two, the merge that will join them."""

    def __init__(self):
        self.pieces = []
        self.merge_since = None
        self.remaining = None


def level_for(length):
    """The least level i with length <= 2^i."""
    level = 0
    while 2 ** level < length:
        level += 1
    return level


class Model:
    def __init__(self):
        self.levels = []
        self.since = 0
        self.upper = 0
        self.next_id = 0
        self.effort = 1
        self.made = []              # pieces made by the push under way

    def pieces(self):
        """From the oldest to the newest: the largest level has the oldest."""
        return [p for level in reversed(self.levels) for p in level.pieces]

    # Merging

    def put(self, index, piece):
        while len(self.levels) <= index:
            self.levels.append(Level())
        level = self.levels[index]
        assert len(level.pieces) < 2, 'the merge at this level should be over'
        assert not level.pieces or level.pieces[0].hi == piece.lo
        level.pieces.append(piece)
        if len(level.pieces) == 2:
            level.merge_since = max([self.since] + [p.since for p in level.pieces])
            level.remaining = cut(sum(p.length for p in level.pieces))

    def take(self, index):
        """Empties a level; what was on it, joined if there were two."""
        level, self.levels[index] = self.levels[index], Level()
        if len(level.pieces) < 2:
            return level.pieces[0] if level.pieces else None
        older, newer = level.pieces
        joined = Piece(older.inputs + newer.inputs, level.merge_since)
        if joined.length == 0:
            nothing = Hollow(joined.lower, joined.upper, joined.since, 0)
            return Piece([(joined.lo, joined.hi, nothing)], joined.since)
        self.made.append(Piece(list(joined.inputs), joined.since))
        return joined

    def give_fuel(self, fuel):
        for index in range(len(self.levels)):
            level = self.levels[index]
            if len(level.pieces) == 2:
                level.remaining = max(0, level.remaining - fuel)
                if level.remaining == 0:
                    self.put(index + 1, self.take(index))

    def clear_below(self, index):
        """Joins all that lies below a level and puts it there."""
        while len(self.levels) <= index:
            self.levels.append(Level())
        if all(not level.pieces for level in self.levels[:index]):
            return
        carried = None
        for i in range(index):
            if carried:
                self.put(i, carried)
            carried = self.take(i)
        self.put(index, carried)
        if len(self.levels[index].pieces) == 2:
            self.put(index + 1, self.take(index))

    def draw_down(self):
        """Lets the largest level sink as far as its length allows."""
        while len(self.levels) >= 2 and len(self.levels[-1].pieces) == 1:
            target = len(self.levels) - 2
            if level_for(self.levels[-1].pieces[0].length) > target:
                return
            if self.levels[target].pieces:
                break
            del self.levels[target]
        else:
            return
        weight = sum(len(level.pieces) * 2 ** i
                     for i, level in enumerate(self.levels[:target]))
        if len(self.levels[target].pieces) == 1 and weight <= 2 ** len(self.levels) // 8:
            newer = self.levels.pop(target).pieces[0]
            self.put(target, newer)

    # Operations

    def check_push(self, batch, upper):
        batch.refuse_interval()
        if batch.lower != upper:
            raise Refused('lower does not match trace upper')
        if batch.since > self.since:
            raise Refused('since beyond trace since')
        batch.refuse_length()

    def push(self, batch):
        """Returns the requests for merges that came of it."""
        piece = Piece([(self.next_id, self.next_id + 1, batch)], batch.since)
        self.next_id += 1
        self.upper = batch.upper
        self.made = []
        occupied = [i for i, level in enumerate(self.levels) if level.pieces]
        newest = self.levels[occupied[0]].pieces if occupied else []
        if batch.length == 0 and len(newest) == 1 and newest[0].length == 0:
            self.put(occupied[0], piece)
            self.put(occupied[0], self.take(occupied[0]))
        else:
            index = level_for(batch.length)
            self.give_fuel(8 * 2 ** index * self.effort)
            self.clear_below(index)
            self.put(index, piece)
            self.draw_down()
        return self.worthwhile(self.made)

    @staticmethod
    def worthwhile(made):
        """Without the requests that another one makes vain; later ones first."""
        def covers(a, b):
            return a.lower <= b.lower and b.upper <= a.upper and a.since == b.since
        kept = []
        for request in reversed(made):
            if not any(covers(k, request) for k in kept):
                kept = [k for k in kept if not covers(request, k)] + [request]
        return kept

    def apply(self, result):
        result.refuse_interval()
        result.refuse_length()
        for piece in self.pieces():
            lowers = [h.lower for _, _, h in piece.inputs]
            uppers = [h.upper for _, _, h in piece.inputs]
            if result.lower not in lowers or result.upper not in uppers:
                continue
            if result.since > piece.since:
                return 'no-op'
            first, last = lowers.index(result.lower), uppers.index(result.upper)
            replaced = piece.inputs[first:last + 1]
            inputs = (piece.inputs[:first] +
                      [(replaced[0][0], replaced[-1][1], result)] +
                      piece.inputs[last + 1:])
            if Piece(inputs, piece.since).length > piece.length:
                return 'no-op too many updates'
            piece.inputs = inputs
            if len(inputs) > 1:
                return 'applied subset'
            piece.since = result.since
            return 'applied exact'
        return 'no-op'


# -------------------------------------------------- directives and their answers


class Replay:
    """A model and what a script can ask of it."""

    def __init__(self):
        self.model = Model()
        self.kept = []              # text of the requests not taken yet

    def answer(self, directive, lines):
        name, _, rest = directive.partition(' ')
        arguments = dict(re.findall(r'(\w+)=(.*)', rest))
        method = getattr(self, 'do_' + name.replace('-', '_'), None)
        if not method:
            return ['error: unknown directive']
        answers = []
        try:
            for line in method(lines, arguments):
                answers.append(line)
        except Refused as refused:
            answers.append('error: %s' % refused)
        return answers or ['<empty>']

    def do_push_batch(self, lines, _):
        batches, upper = [], self.model.upper
        for line in lines:
            batches.append(Hollow.read(line))
            self.model.check_push(batches[-1], upper)
            upper = batches[-1].upper
        for batch in batches:
            self.kept += [r.show_request() for r in self.model.push(batch)]
        yield 'ok'

    def do_apply_merge_res(self, lines, _):
        for line in lines:
            result = Hollow.read(line)
            try:
                yield self.model.apply(result)
            except Refused as refused:
                yield 'error: %s' % refused

    def do_take_merge_reqs(self, *_):
        taken, self.kept = self.kept, []
        return taken

    def do_all_merge_reqs(self, *_):
        return [p.show_request() for p in self.model.pieces() if p.fueled]

    def do_downgrade_since(self, _, arguments):
        if 'since' not in arguments:
            raise Refused('since is missing')
        since, _ = read_frontier(arguments['since'])
        if since < self.model.since:
            raise Refused('since would go back')
        self.model.since = since
        yield 'ok'

    def do_since_upper(self, *_):
        return [show(self.model.since) + show(self.model.upper)]

    def do_batches(self, *_):
        return [str(h) for p in self.model.pieces() for _, _, h in p.inputs]

    def do_spine_batches(self, *_):
        for p in self.model.pieces():
            count = '%d/' % len(p.inputs) if p.fueled else ''
            yield ' '.join(['[%d-%d]%s' % (p.lo, p.hi, p.show_desc()),
                            '%s%d' % (count, p.length)] + p.parts)

    def do_spine_levels(self, *_):
        for i, level in enumerate(self.model.levels):
            text = 'L%d: n=%d len=%d' % (i, len(level.pieces),
                                         cut(sum(p.length for p in level.pieces)))
            if len(level.pieces) == 2:
                text += ' merge=%d-%d since=%s remaining=%d' % (
                    level.pieces[0].lo, level.pieces[1].hi,
                    show(level.merge_since), level.remaining)
            yield text

    def do_metrics(self, *_):
        fueled = [p.fueled for p in self.model.pieces()]
        return ['compact=%d compacting=%d noncompact=0' % (fueled.count(False),
                                                           fueled.count(True))]

    def do_validate(self, *_):
        lower, lo = 0, 0
        for piece in self.model.pieces():
            for first, last, hollow in piece.inputs:
                assert first == lo and hollow.lower == lower
                lo, lower = last, hollow.upper
            assert piece.since <= self.model.since
        assert lo == self.model.next_id and lower == self.model.upper
        return ['ok']

    def do_time(self, _, arguments):
        dims = int(arguments.get('dims', 0))
        if dims < 1 or dims > 4:
            raise Refused('number of dimensions is out of range')
        if dims > 1:
            raise Refused('the model has one dimension only')
        self.__init__()
        yield 'ok'


# ------------------------------------------------------------ scripts, in text


def split_blocks(text):
    """Yields ('', line, None) for what copies through, else the block's parts."""
    lines = text.split('\n')
    if lines[-1] == '':
        lines.pop()
    i = 0
    while i < len(lines):
        if lines[i] == '' or lines[i].startswith('#'):
            yield '', lines[i], None
            i += 1
            continue
        rule = lines.index('----', i)
        end = lines.index('', rule) if '' in lines[rule:] else len(lines)
        yield lines[i], lines[i + 1:rule], lines[rule + 1:end]
        i = end + 1


def check(path):
    replay, wrong = Replay(), 0
    with open(path) as script:
        for directive, lines, expected in split_blocks(script.read()):
            if directive:
                answered = replay.answer(directive, lines)
                if answered != expected:
                    wrong += 1
                    print('%s: %s\n--- expected\n%s\n+++ answered\n%s' % (
                        path, directive, '\n'.join(expected), '\n'.join(answered)))
    return wrong


class Script:
    """A script being written; asking the model for each answer."""

    def __init__(self, name, about):
        self.path = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                 'persist', name + '.txt')
        self.replay = Replay()
        self.text = []
        self.note(about)

    model = property(lambda self: self.replay.model)

    def note(self, text):
        self.text += ['# ' + line.strip() for line in text.strip().split('\n')] + ['']

    def ask(self, directive, lines=()):
        lines = [str(line) for line in lines]
        answer = self.replay.answer(directive, lines)
        self.text += [directive] + lines + ['----'] + answer + ['']
        return answer

    def push(self, *lines):
        return self.ask('push-batch', lines)

    def apply(self, *lines):
        return self.ask('apply-merge-res', lines)

    def look(self):
        for directive in ('spine-batches', 'spine-levels', 'metrics', 'validate'):
            self.ask(directive)

    def save(self):
        with open(self.path, 'w') as script:
            script.write('\n'.join(self.text).rstrip('\n') + '\n')


class Dice:
    """Random numbers that are the same in every version of Python."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        mixed = (self.state ^ self.state >> 29) * 0xbf58476d1ce4e5b9 % 2 ** 64
        return (mixed ^ mixed >> 32) % limit

    def chance(self, percent):
        return self.below(100) < percent

    def pick(self, sequence):
        return sequence[self.below(len(sequence))]


# --------------------------------------------------------------- random scripts

LENGTHS = {
    'ones': lambda dice, n: 1,
    'empties': lambda dice, n: 0 if dice.chance(85) else dice.below(9),
    'mixed': lambda dice, n: dice.pick([0, 1, 1, 2, dice.below(10), dice.below(100),
                                        dice.below(1000)]),
    'powers': lambda dice, n: max(0, 2 ** dice.below(13) + dice.pick([-1, 0, 0, 1])),
    'heavy': lambda dice, n: dice.pick([0, 1, dice.below(1000),
                                        dice.below(2 ** (1 + dice.below(40))),
                                        2 ** dice.below(41)]),
    'bursts': lambda dice, n: 1 + dice.below(3) if n % 40 else 5000 + dice.below(5000),
    'rising': lambda dice, n: n * n // 8,
    'falling': lambda dice, n: 4000 // (1 + n % 64),
}


class History:
    """A random script: pushes, results of every kind, since, errors, looks."""

    def __init__(self, name, about, seed, lengths, answers=30, late=50, shrink=50,
                 since=8, errors=4, looks=10):
        self.dice = Dice(seed)
        self.script = Script(name, about)
        self.model = self.script.model
        self.lengths = LENGTHS[lengths]
        self.answers, self.late, self.shrink = answers, late, shrink
        self.since, self.errors, self.looks = since, errors, looks
        self.pushed = 0
        self.merged = 0
        self.requests = []          # (lower, upper, since, length) asked for so far

    def names(self, prefix, number, length):
        many = self.dice.pick([1, 1, 1, 1, 2, 3, 0])
        if length == 0 and self.dice.chance(80):
            many = 0
        if many < 2:
            return ['%s%d' % (prefix, number)] * many
        return ['%s%d.%d' % (prefix, number, i) for i in range(many)]

    def a_since(self, most):
        return most if most == END or self.dice.chance(40) else self.dice.below(most + 1)

    def push(self, count):
        batches, lower = [], self.model.upper
        for _ in range(count):
            upper = lower + 1 + self.dice.below(4)
            length = self.lengths(self.dice, self.pushed)
            batches.append(Hollow(lower, upper, self.a_since(self.model.since), length,
                                  self.names('b', self.pushed, length)))
            self.pushed += 1
            lower = upper
        self.script.push(*batches)
        self.requests += [(p.lower, p.upper, p.since, p.length)
                          for p in self.model.pieces() if p.fueled]

    def result_length(self, length):
        if self.dice.chance(self.shrink):
            return self.dice.pick([0, length // 2, length * 3 // 4, length // 100])
        return length

    def result_for(self, lower, upper, since, length):
        length = self.result_length(length)
        if self.dice.chance(8):
            length += 1 + self.dice.below(length + 2)
        if self.dice.chance(6) and since < END:
            since += 1 + self.dice.below(3)
        elif since < END and self.dice.chance(20):
            since = self.dice.below(since + 1)
        self.merged += 1
        return Hollow(lower, upper, since, cut(length),
                      self.names('m', self.merged, length))

    def a_stretch(self):
        """Some neighbouring hollow batches, mostly of one piece."""
        inputs = self.dice.pick(self.model.pieces()).inputs
        if self.dice.chance(15):
            inputs = [i for p in self.model.pieces() for i in p.inputs]
        first = self.dice.below(len(inputs))
        last = first + self.dice.below(min(len(inputs) - first, 6))
        inputs = [h for _, _, h in inputs[first:last + 1]]
        return self.result_for(inputs[0].lower, inputs[-1].upper,
                               max(h.since for h in inputs),
                               cut(sum(h.length for h in inputs)))

    def a_result(self):
        if self.requests and self.dice.chance(self.late):
            return self.result_for(*self.dice.pick(self.requests))
        fueled = [p for p in self.model.pieces() if p.fueled]
        if fueled and self.dice.chance(60):
            piece = self.dice.pick(fueled)
            return self.result_for(piece.lower, piece.upper, piece.since, piece.length)
        if self.dice.chance(90):
            return self.a_stretch()
        lower = self.dice.below(self.model.upper + 1)
        return self.result_for(lower, lower + 1 + self.dice.below(9), 0, 1)

    def an_error(self):
        at, since = self.model.upper, self.model.since
        good = '[%d][%d][0] 1 good' % (at, at + 1)
        bad = self.dice.pick(['[][%d][0] 1 bad' % at,
                              '[][][0] 0 bad',
                              '[%d][%d][0] 1 bad' % (at, at),
                              '[%d][%d][0] 1 bad' % (at + 5, at + 3),
                              '[%d][%d][0] 1 bad' % (at + 7, at + 8),
                              '[%d][%d][%d] 1 bad' % (at, at + 1, since + 1),
                              '[%d][%d][] 1 bad' % (at, at + 1),
                              '[%d][%d][0] -1 bad' % (at, at + 1)])
        self.script.push(*self.dice.pick([[bad], [bad, good], [good, bad]]))

    def step(self):
        if self.dice.chance(self.errors):
            self.an_error()
        if self.dice.chance(self.since):
            since = self.model.since + self.dice.below(4)
            self.script.ask('downgrade-since since=%s' % show(since))
        self.push(self.dice.pick([1, 1, 1, 2, 5, 16]))
        if self.dice.chance(self.answers):
            self.script.apply(*[self.a_result() for _ in range(1 + self.dice.below(4))])
        if self.dice.chance(self.looks):
            self.script.ask(self.dice.pick(['batches', 'spine-batches', 'spine-batches',
                                            'spine-levels', 'spine-levels', 'metrics',
                                            'since-upper', 'validate',
                                            'take-merge-reqs', 'all-merge-reqs']))

    def run(self, steps):
        for _ in range(steps):
            self.step()
        self.script.ask('take-merge-reqs')
        self.script.ask('all-merge-reqs')
        self.script.ask('batches')
        self.script.look()
        self.script.save()


def random_scripts():
    History('ones', 'Batches of one update each, no results.', 11, 'ones',
            answers=0, looks=8).run(70)
    History('empties', 'Mostly batches without updates, some of them with parts.', 12,
            'empties', looks=12).run(110)
    History('mixed', 'Lengths from 0 to 1000, results of every kind.', 13,
            'mixed').run(130)
    History('powers', 'Lengths at and beside powers of two.', 14, 'powers').run(110)
    History('heavy', 'Lengths up to 2^40.', 15, 'heavy', shrink=30).run(120)
    History('bursts', 'Trickles of small batches, and now and then thousands of updates.',
            16, 'bursts', answers=15).run(100)
    History('rising', 'Each batch longer than the one before.', 17, 'rising').run(60)
    History('falling', 'Lengths fall from 4000, again and again.', 18, 'falling',
            answers=20).run(90)
    History('late', 'Results of requests that have been overtaken: subsets, no match.',
            19, 'mixed', answers=70, late=95, shrink=20, errors=0, looks=6).run(90)
    History('shrinking', 'Results keep little, so that levels are drawn down.', 20,
            'powers', answers=80, late=10, shrink=97, errors=0).run(80)
    History('since', 'Since moves all the time.', 21, 'mixed', since=70, errors=8,
            answers=40).run(70)


# ---------------------------------------------------------- scripts made by hand


def tour():
    s = Script('tour', 'A tour: one of everything, small enough to follow by hand.')
    s.note('Nothing is there yet.')
    for directive in ('since-upper', 'batches', 'spine-batches', 'spine-levels',
                      'take-merge-reqs', 'all-merge-reqs', 'metrics', 'validate'):
        s.ask(directive)
    s.note('''Two batches of one update share level 0 and are being merged: two units of
              fuel are needed.''')
    s.push('[0][1][0] 1 a')
    s.push('[1][2][0] 1 b')
    s.look()
    s.note('''The third batch brings eight units.  The merge is complete: a and b are one
              spine batch on level 1, and a request asks somebody to merge them.''')
    s.push('[2][3][0] 1 c')
    s.ask('take-merge-reqs')
    s.look()
    s.note('The request was taken, but it is outstanding until it is answered.')
    s.ask('take-merge-reqs')
    s.ask('all-merge-reqs')
    s.note('''The answer: both updates were of the same datum, and one remains.  The same
              answer once more changes nothing; three updates instead of one are too many.''')
    s.apply('[0][2][0] 1 ab')
    s.apply('[0][2][0] 1 ab', '[0][2][0] 3 aabb')
    s.ask('batches')
    s.look()
    s.note('''A batch of eight belongs on level 3.  What is below is rolled up before it
              comes: a series of requests, of which the last covers the others.''')
    s.ask('downgrade-since since=[2]')
    s.push('[3][4][1] 1 d', '[4][5][2] 1 e', '[5][6][0] 8 f g h')
    s.ask('take-merge-reqs')
    s.look()
    s.note('''An answer for some of the batches of a fueled one takes their place; one whose
              bounds fall inside a batch, or span two spine batches, fits nowhere.''')
    s.apply('[2][4][1] 2 cd', '[1][4][1] 2 x', '[4][6][0] 1 x')
    s.look()
    s.note('Batches without updates become one at once, and ask for nothing.')
    s.push('[6][7][0] 0')
    s.push('[7][10][1] 0', '[10][11][0] 0')
    s.ask('take-merge-reqs')
    s.ask('batches')
    s.look()
    s.note('The end of time: nothing can follow, everything can still be merged.')
    s.ask('downgrade-since since=[]')
    s.push('[11][][2] 3 last')
    s.push('[11][12][0] 1 z')
    s.ask('since-upper')
    s.ask('all-merge-reqs')
    s.look()
    s.note('Starting over.')
    s.ask('time dims=1')
    s.ask('since-upper')
    s.ask('batches')
    s.save()


def errors():
    s = Script('errors', 'Every error, and that nothing has changed after it.')
    s.ask('downgrade-since since=[3]')
    s.push('[0][2][0] 2 a', '[2][4][3] 3 b')

    def unchanged():
        s.ask('since-upper')
        s.ask('spine-batches')
        s.ask('spine-levels')

    unchanged()
    s.note('What a push says, in this order.')
    s.push('[][4][9] -1 x')
    s.push('[][][0] 0')
    s.push('[4][4][9] -1 x')
    s.push('[9][9][0] 0')
    s.push('[4][3][9] -1 x')
    s.push('[5][6][9] -1 x')
    s.push('[3][6][0] 1 x')
    s.push('[5][][0] 1 x')
    s.push('[4][6][4] -1 x')
    s.push('[4][6][] 1 x')
    s.push('[4][6][3] -1 x')
    unchanged()
    s.note('All lines are checked before the first is pushed.')
    s.push('[4][5][0] 1 x', '[5][6][0] 1 y', '[5][6][0] 1 z')
    s.push('[4][5][0] 1 x', '[5][5][0] 1 y', 'nonsense')
    unchanged()
    s.note('What cannot be read.')
    s.push('nonsense')
    s.push('[4][5] 1 x')
    s.push('[4][5][0]')
    s.push('[4][5][0] x')
    s.push('[4[5][0] 1 x')
    s.push('[4][5,][0] 1 x')
    s.push('[4][,5][0] 1 x')
    s.push('[4][5 6][0] 1 x')
    s.push('[4][five][0] 1 x')
    s.push('[4][5.0][0] 1 x')
    s.push('[4][-5][0] 1 x')
    s.push('[4][9223372036854775808][0] 1 x')
    s.push('[4][5][99999999999999999999999][0] 1 x')
    s.push('[4][5][0] 1 x', '[5')
    unchanged()
    s.note('What a result says.  Each line has its own answer, unless it cannot be read.')
    s.apply('[][2][0] 1 x', '[2][2][0] 1 x', '[2][0][0] 1 x', '[0][2][0] -1 x',
            '[0][2][0] 2 A')
    s.apply('[0][2][0] 3 x', 'nonsense', '[0][2][0] 1 never')
    s.apply('[0][2][0] 2')
    s.ask('spine-batches')
    s.note('Since.')
    for since in ('[2]', '[0]', '[-1]', '[', '5', '', '[3,,4]', '[9223372036854775808]'):
        s.ask('downgrade-since since=%s' % since)
    s.ask('downgrade-since')
    s.ask('downgrade-since until=[7]')
    s.ask('since-upper')
    s.note('The same since again is no step back; of several elements the least counts.')
    s.ask('downgrade-since since=[3]')
    s.ask('downgrade-since since=[ 7,5 , 6 ]')
    s.ask('since-upper')
    s.ask('downgrade-since since=[]')
    s.ask('downgrade-since since=[5]')
    s.ask('since-upper')
    s.note('No such dimension, no such directive.')
    s.ask('time dims=0')
    s.ask('time dims=5')
    s.ask('time')
    s.ask('push')
    s.ask('push-batches')
    s.note('None of it did any harm.')
    s.push(' [ 4 ] [ 5 ] [ 3 ]  1 c', '[5,6][9223372036854775807][0] 1 d')
    s.push('[9223372036854775807][][] 0')
    s.ask('batches')
    s.look()
    s.save()


def found_in_originals():
    s = Script('found-in-originals',
               'Where the original goes wrong, or says less than it could: what we do.')
    s.note('An inverted batch would be accepted, and could not be rebuilt later.')
    s.push('[0][5][0] 1 a')
    s.push('[5][3][0] 1 b')
    s.ask('batches')
    s.note('''A result over no time, at the seam of two batches of a fueled one, would be
              "applied" and its id range would run backwards.''')
    s.push('[5][6][0] 1 b', '[6][7][0] 1 c', '[7][8][0] 1 d', '[8][9][0] 4 e')
    s.ask('all-merge-reqs')
    s.apply('[5][5][0] 0', '[6][6][0] 0', '[6][5][0] 0', '[0][0][0] 0')
    s.look()
    s.note('''A result that is compacted further than it should be never comes back as such:
              the search goes on, and ends without a match.  The replay program shows that
              too, in an exact match and in a subset.''')
    s.apply('[0][8][1] 1 x', '[5][7][1] 1 x', '[8][9][1] 4 x')
    s.look()
    s.note('''Since going back would be accepted, and noticed only when a batch made before
              is found to be past it.''')
    s.ask('downgrade-since since=[4]')
    s.ask('downgrade-since since=[3]')
    s.push('[9][10][4] 1 f')
    s.ask('since-upper')
    s.ask('validate')
    s.note('''A batch without updates loses its parts when it is fused with another one.  We
              do likewise; the parts are no longer of any use.''')
    s.ask('time dims=1')
    s.push('[0][1][0] 0 lost.0 lost.1')
    s.ask('batches')
    s.push('[1][2][0] 0 lost.2')
    s.ask('batches')
    s.push('[2][3][0] 1 a')
    s.push('[3][4][0] 0 kept')
    s.ask('batches')
    s.look()
    s.note('''So do those that merge results made empty, when what is below is rolled up:
              here three batches become one, and nobody is asked to merge them.''')
    s.ask('time dims=1')
    s.push('[0][1][0] 1 a', '[1][2][0] 1 b', '[2][3][0] 1 c')
    s.ask('take-merge-reqs')
    s.apply('[0][2][0] 0 ab', '[2][3][0] 0 none')
    s.ask('spine-batches')
    s.push('[3][4][0] 4 d')
    s.ask('take-merge-reqs')
    s.ask('batches')
    s.look()
    s.note('''Lengths of 2^59 and more would be shifted out of range; here sums stop at
              2^63-1, and merging goes on.''')
    s.ask('time dims=1')
    s.push('[0][1][0] 576460752303423488 a')
    s.push('[1][2][0] 576460752303423489 b')
    s.push('[2][3][0] 1 c')
    s.ask('spine-levels')
    for i in range(3, 9):
        s.push('[%d][%d][0] %d m%d' % (i, i + 1, GREATEST, i))
    s.ask('take-merge-reqs')
    s.ask('spine-batches')
    s.push('[9][10][0] 1 d', '[10][11][0] 0', '[11][12][0] 0', '[12][13][0] 1000 e')
    s.look()
    s.note('''What a saturated batch sums up to after a result is found by adding up again.''')
    oldest = s.model.pieces()[0]
    for lower, upper, length in ((3, 4, 5), (4, 8, 0), (0, 3, 1),
                                 (oldest.lower, oldest.upper, 7)):
        s.apply('[%d][%d][0] %d r%d' % (lower, upper, length, lower))
        s.ask('spine-batches')
    s.ask('metrics')
    s.ask('validate')
    s.save()


def greatest():
    s = Script('greatest', '''Levels of 2^60 updates and more, where numbers end.  When the largest level
                           is drawn down, exactly an eighth of what it stands for may lie
                           below the next one: here 2^63 / 8 = 2^60 records do.''')
    s.push('[0][1][0] %d a' % 2 ** 62, '[1][2][0] %d b' % 2 ** 61)
    s.apply('[0][1][0] 1 a')
    s.push('[2][3][0] %d c' % 2 ** 60)
    s.look()
    s.note('One record more, and both stay where they are.')
    s.ask('time dims=1')
    s.push('[0][1][0] %d a' % 2 ** 62, '[1][2][0] %d b' % 2 ** 61)
    s.push('[2][3][0] %d c' % 2 ** 60)
    s.apply('[0][1][0] 1 a')
    s.push('[3][4][0] 1 d')
    s.look()
    s.save()


def main(arguments):
    if arguments[:1] == ['--check']:
        wrong = sum(check(path) for path in arguments[1:])
        return 1 if wrong else 0
    tour()
    errors()
    found_in_originals()
    greatest()
    random_scripts()
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
