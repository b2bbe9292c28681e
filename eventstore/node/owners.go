package node

// owners remembers which stream was the first to hold an id. On a real server an id belongs to that stream: in another
// one it is never taken for a resend that expects any revision. Only test mode keeps it, since to Redress the server's
// way has no use: with an exact expectation, which is all that it uses, ids are compared within the stream.
//
// It is for the writer alone, forgets the oldest ids, and is empty after a start, as a real server's.
type owners struct {
	streams map[[16]byte]string
	ids     [][16]byte // in the order of arrival, the oldest at next once it is full
	next    int
}

// ownedIDs bounds the ids that are remembered.
const ownedIDs = 1 << 16

// note enters what was written.
func (o *owners) note(r *record) {
	if o.streams == nil {
		o.streams = map[[16]byte]string{}
	}
	for i := range r.events {
		id := r.events[i].id
		if _, known := o.streams[id]; known {
			continue
		}
		if len(o.ids) < ownedIDs {
			o.ids = append(o.ids, id)
		} else {
			delete(o.streams, o.ids[o.next])
			o.ids[o.next] = id
			o.next = (o.next + 1) % ownedIDs
		}
		o.streams[id] = r.stream
	}
}

// another says whether the id is known to belong to another stream than this.
func (o *owners) another(stream string, id [16]byte) bool {
	owner, known := o.streams[id]
	return known && owner != stream
}
