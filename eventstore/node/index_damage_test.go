package node

import "testing"

// standing is where an event stands.
type standing struct {
	stream   string
	revision uint64
	position uint64
}

// TestDamagedLinks: a bit that flips in an index file while the log is open leads to an error or to what was asked for, and
// never to another event, past one, or to another end of a stream.
func TestDamagedLinks(t *testing.T) {
	files, _ := filled(t)
	l, err := openMemory(files)
	if err != nil {
		t.Fatal(err)
	}
	var events []standing
	c := cursor{log: l, ahead: manyRecords}
	for n := range l.count {
		r, i, err := c.event(n)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, standing{r.stream, r.first + uint64(i), r.eventPosition(i)})
	}
	if wrong, refused := misled(l, events, 0, l.count); len(wrong) > 0 || refused > 0 {
		t.Fatalf("with no damage: wrong answers %v, %d refused", wrong, refused)
	}
	refusals := 0
	for _, s := range l.segments[:2] {
		name := "log/" + segmentName(s.base, indexSuffix)
		low, high := max(s.first, 2)-2, s.first+s.index.events+2
		for at := sealedHeaderSize; at < sealedHeaderSize+linkSize*int(s.index.events); at++ {
			for bit := range 8 {
				files.flip(name, at, 1<<bit)
				wrong, refused := misled(l, events, low, high)
				if len(wrong) > 0 {
					t.Errorf("bit %d of byte %d of %s: wrong answers %v", bit, at, name, wrong)
				}
				refusals += refused
				files.flip(name, at, 1<<bit)
			}
		}
	}
	if refusals == 0 {
		t.Error("nothing was refused: that proves nothing")
	}
}

// misled asks in every way for the events low..high-1, and answers for what it got others, and how often it got an error.
func misled(l *log, events []standing, low, high uint32) (wrong []string, refused int) {
	check := func(what string, right bool, err error) {
		if err != nil {
			refused++
		} else if !right {
			wrong = append(wrong, what)
		}
	}
	for n := low; n < high; n++ {
		want := events[n]
		c := cursor{log: l, ahead: oneRecord}
		found, err := c.from(want.position)
		check("from", found == n, err)
		c = cursor{log: l, ahead: oneRecord}
		found, err = c.from(want.position + 1)
		check("from the next", found == n+1, err)
		c = cursor{log: l, ahead: oneRecord}
		r, i, err := c.event(n)
		check("event", err != nil || r.eventPosition(i) == want.position, err)
		c = cursor{log: l, ahead: oneRecord}
		h, ok, _, err := c.stream(want.stream)
		check("stream", ok && events[h.last].stream == want.stream && events[h.last].revision+1 == uint64(h.next), err)
		if err != nil || !ok {
			continue
		}
		places, err := c.page(h, uint32(want.revision), 1)
		if err == nil {
			r, i, err = c.revision(places[0], want.stream, want.revision)
		}
		check("revision", err != nil || r.eventPosition(i) == want.position, err)
	}
	return wrong, refused
}
