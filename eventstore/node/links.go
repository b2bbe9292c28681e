package node

import (
	"bytes"
	"strconv"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// linkType is the type of events that stand for an event of another stream; their data is "REVISION@STREAM".
const linkType = "$>"

// resolve puts the event that a link names into the answer, and the link beside it. An event that is gone or hidden
// leaves the link alone; data that names no revision leaves the link an event like others.
func (r *reader) resolve(answer *streams.ReadResp_ReadEvent, data []byte) error {
	text, stream, named := bytes.Cut(data, []byte("@"))
	revision, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return nil
	}
	answer.Link, answer.Event = answer.Event, nil
	if !named || revision < -1 {
		return nil
	}
	h, ok, ended, err := r.log.standing(&r.linked, string(stream))
	if err != nil || !ok || ended {
		return err
	}
	m, _, err := r.log.metadata(&r.linked, string(stream))
	if err != nil || m.deleted() {
		return err
	}
	first, err := r.log.visible(&r.linked, string(stream), h, m)
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
	rec, at, err := r.linked.revision(places[0], string(stream), uint64(revision))
	if err == nil {
		answer.Event = r.recorded(rec, at)
	}
	return err
}
