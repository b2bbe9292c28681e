package node

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// linkType is the type of events that stand for an event of another stream; their data is "REVISION@STREAM".
const linkType = "$>"

// resolve puts the event that a link names into the answer, and the link beside it. An event that is gone or hidden
// leaves the link alone. Data that names no revision leaves the link an event like others; in a subscription that has
// caught up, a link alone, for there a real server resolves elsewhere.
func (r *reader) resolve(answer *streams.ReadResp_ReadEvent, data []byte) error {
	text, stream, named := bytes.Cut(data, []byte("@"))
	revision, err := strconv.ParseInt(strings.Trim(string(text), "\t\n\v\f\r "), 10, 64)
	if err != nil && !r.live {
		return nil
	}
	answer.Link, answer.Event = answer.Event, nil
	if err != nil || !named || revision < -1 {
		return nil
	}
	name := decodeName(stream)
	h, ok, ended, err := r.log.standing(&r.linked, name)
	if err != nil || !ok || ended {
		return err
	}
	m, _, err := r.log.metadata(&r.linked, name)
	if err != nil || m.deleted() {
		return err
	}
	first, err := r.log.visible(&r.linked, name, h, m)
	if err != nil {
		return err
	}
	if revision == -1 {
		revision = int64(h.next) - 1
	}
	if uint64(revision) < first || uint64(revision) >= uint64(h.next) {
		return nil
	}
	places, err := r.linked.page(h, uint32(revision), 1)
	if err != nil {
		return err
	}
	rec, at, err := r.linked.revision(places[0], name, uint64(revision))
	if err == nil {
		answer.Event = r.recorded(rec, at)
	}
	return err
}
