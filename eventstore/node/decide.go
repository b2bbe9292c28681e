package node

// expectation is what an append expects of its stream: an exact last revision, 0 or more, or one of these.
type expectation int64

const (
	expectNoStream expectation = -1
	expectAny      expectation = -2
	expectExists   expectation = -4
)

// verdict is the answer to an append.
type verdict int

const (
	verdictAppend        verdict = iota // write it
	verdictDone                         // it is in the log already, or was empty
	verdictWrongRevision                // the stream is not as expected
	verdictDeleted                      // the stream was ended, or is deleted and was expected to exist
)

// decision says what becomes of an append.
type decision struct {
	verdict verdict
	// current is the stream's last revision, -1 if it has none. After verdictDone it is the revision of the append's
	// last event instead.
	current  int64
	head     head   // of the stream, before the append
	position uint64 // of the append's last event, after verdictDone; nowhere if reads do not show it; of none if it was empty
	// undelete is set when the stream was deleted and is begun again by this append.
	undelete bool
}

// decide applies the rules of expected revisions to an append of these events. Nothing else may append between this
// and the write. ids are compared, bodies are not: what was stored first stays.
func (l *log) decide(c *cursor, stream string, expected expectation, events []event) (decision, error) {
	h, ok, ended, err := l.standing(c, stream)
	if err != nil {
		return decision{}, err
	}
	d := decision{current: -1, head: h}
	if ok {
		d.current = int64(h.next) - 1
	}
	if ended {
		d.verdict = verdictDeleted
		return d, nil
	}
	m, described, err := l.metadata(c, stream)
	deleted := m.deleted()
	if err != nil {
		return d, err
	}
	switch {
	case expected == expectExists && deleted:
		d.verdict = verdictDeleted
		return d, nil
	case expected == expectExists && d.current < 0 && !described:
		d.verdict = verdictWrongRevision
		return d, nil
	}
	d.undelete = deleted
	switch {
	case expected == expectAny || expected == expectExists:
		err = l.decideByID(c, stream, events, &d)
	case int64(expected) == d.current && len(events) > 0:
		d.verdict = verdictAppend
	case int64(expected) > d.current:
		d.verdict = verdictWrongRevision
	default:
		err = l.decideByRevision(c, stream, expected, events, deleted, &d)
	}
	switch {
	case err != nil || d.verdict != verdictDone:
	case len(events) == 0:
		if deleted {
			d.verdict = verdictAppend // of nothing but what shows the stream again
		}
		// After the newest event and before the next: the last byte of the log is no event's position.
		_, end, _ := l.state()
		d.position = end - 1
	default:
		var first uint64
		if first, err = l.visible(c, stream, h, m); uint64(d.current) < first {
			d.position = nowhere
		}
	}
	return d, err
}

// nowhere is the position of an event that reads do not show. No event has it.
const nowhere = 0

// decideByRevision compares the events with those stored after the expected revision.
func (l *log) decideByRevision(c *cursor, stream string, expected expectation, events []event, deleted bool, d *decision) error {
	if len(events) == 0 {
		d.verdict = verdictWrongRevision
		if int64(expected) == d.current {
			d.verdict = verdictDone
		}
		return nil
	}
	first := uint64(expected + 1)
	stored := min(uint64(len(events)), uint64(d.current)-first+1)
	places, err := c.page(d.head, uint32(first), uint32(stored))
	if err != nil {
		return err
	}
	for i, p := range places {
		r, at, err := c.revision(p, stream, first+uint64(i))
		if err != nil {
			return err
		}
		if r.events[at].id != events[i].id {
			d.verdict = verdictWrongRevision
			if i == 0 && expected == expectNoStream && deleted {
				d.verdict = verdictAppend
			}
			return nil
		}
		d.position = r.eventPosition(at)
	}
	if stored < uint64(len(events)) {
		d.verdict = verdictWrongRevision
		return nil
	}
	d.verdict = verdictDone
	d.current = int64(first+stored) - 1
	return nil
}

// decideByID looks the events up among the newest of the stream: none known is an append, all known is done.
func (l *log) decideByID(c *cursor, stream string, events []event, d *decision) error {
	if len(events) == 0 {
		d.verdict = verdictDone
		return nil
	}
	current := d.current
	for i := range events {
		revision, position, err := l.lookup(c, stream, events[i].id)
		switch {
		case err != nil:
			return err
		case revision < 0 && i == 0:
			d.verdict = verdictAppend
			return nil
		case revision < 0:
			d.verdict, d.current = verdictWrongRevision, current
			return nil
		}
		d.current, d.position = revision, position
	}
	d.verdict = verdictDone
	return nil
}

// lookup answers the revision and position of the event that was the first with this id, among the newest of the
// stream, or a revision of -1.
func (l *log) lookup(c *cursor, stream string, id [16]byte) (revision int64, position uint64, err error) {
	revision = -1
	h, ok, _, err := c.stream(stream)
	if err != nil || !ok || l.owners.another(stream, id) {
		return revision, 0, err
	}
	for below := h.next; ; {
		at, p, ok, err := c.search(h, fingerprint(id), below)
		if err != nil || !ok {
			return revision, position, err
		}
		r, i, err := c.revision(p, stream, uint64(at))
		if err != nil {
			return 0, 0, err
		}
		if r.events[i].id == id {
			revision, position = int64(at), r.eventPosition(i)
		}
		below = at
	}
}
