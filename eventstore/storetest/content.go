package storetest

import (
	"bytes"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/go-cmp/cmp"
)

// mebibyte is the largest append that a server takes by default.
const mebibyte = 1 << 20

func sized(n int) esdb.EventData {
	e := event("")
	e.ContentType, e.Data = esdb.ContentTypeBinary, bytes.Repeat([]byte{'x'}, n)
	return e
}

var contentCases = []testCase{
	{name: "31 the largest append", run: func(s *suite) {
		s.append(s.stream("a"), esdb.NoStream{}, 0, sized(mebibyte))
		_, err := s.tryAppend(s.stream("b"), esdb.NoStream{}, sized(mebibyte+1))
		s.refused(err, esdb.ErrorCodeUnknown)
		_, err = s.tryAppend(s.stream("b"), esdb.NoStream{}, sized(mebibyte/2), sized(mebibyte/2), sized(1))
		s.refused(err, esdb.ErrorCodeUnknown)
		_, err = s.tryRead(s.stream("b"), esdb.Forwards, esdb.Start{}, 1)
		s.refused(err, esdb.ErrorCodeResourceNotFound)
	}},
	{name: "32 five mebibytes in one event", run: func(s *suite) {
		_, err := s.tryAppend(s.stream("a"), esdb.NoStream{}, sized(5*mebibyte))
		s.refused(err, esdb.ErrorCodeUnknown)
		if !strings.Contains(err.Error(), "InvalidArgument") {
			s.Errorf("refused with %v", err)
		}
	}},
	{name: "33 large metadata", run: func(s *suite) {
		e := sized(1_000_000)
		e.Metadata = bytes.Repeat([]byte{'m'}, 300_000)
		s.append(s.stream("a"), esdb.NoStream{}, 0, e)
		if all := s.whole(s.stream("a")); !bytes.Equal(all[0].UserMetadata, e.Metadata) {
			s.Error("the metadata came back changed")
		}
	}},
	{name: "34 JSON and binary", run: func(s *suite) {
		sent := []esdb.EventData{event(`{"a":1}`), sized(10)}
		sent[0].Metadata = []byte(`{"who":"me"}`)
		s.append(s.stream("a"), esdb.NoStream{}, 1, sent...)
		for i, e := range s.whole(s.stream("a")) {
			want := []string{"application/json", "application/octet-stream"}[i]
			if e.ContentType != want || e.SystemMetadata["content-type"] != want || len(e.SystemMetadata) != 3 {
				s.Errorf("event %d: content type %s, system metadata %v", i, e.ContentType, e.SystemMetadata)
			}
			if age := time.Since(e.CreatedDate).Abs(); age > time.Minute {
				s.Errorf("event %d was created %v from now", i, age)
			}
			if !bytes.Equal(e.Data, sent[i].Data) || !bytes.Equal(e.UserMetadata, sent[i].Metadata) ||
				e.EventID != sent[i].EventID || e.EventType != sent[i].EventType || e.StreamID != s.stream("a") {
				s.Errorf("event %d came back changed: %s", i, cmp.Diff(sent[i].EventType, e.EventType))
			}
		}
	}},
	{name: "35 bytes are not judged", run: func(s *suite) {
		sent := []esdb.EventData{event(`{"broken`), event(""), event(`{}`)}
		sent[2].EventType = "Größe-δ"
		s.append(s.stream("a"), esdb.NoStream{}, 2, sent...)
		for i, e := range s.whole(s.stream("a")) {
			if !bytes.Equal(e.Data, sent[i].Data) || e.EventType != sent[i].EventType {
				s.Errorf("event %d came back changed", i)
			}
		}
	}},
	{name: "36 empty names", run: func(s *suite) {
		e := event(`{}`)
		e.EventType = ""
		_, err := s.tryAppend(s.stream("a"), esdb.NoStream{}, e)
		s.refused(err, esdb.ErrorCodeUnknown)
		_, err = s.tryAppend("", esdb.NoStream{}, event(`{}`))
		s.refused(err, esdb.ErrorCodeUnknown)
	}},
	{name: "37 stream names", run: func(s *suite) {
		for _, name := range []string{"with space", "with/slash", "with#hash", "größe", "Case", "case"} {
			e := event(`{}`)
			s.append(s.stream(name), esdb.NoStream{}, 0, e)
			all := s.whole(s.stream(name))
			s.revisions(all, 0)
			if all[0].StreamID != s.stream(name) || all[0].EventID != e.EventID {
				s.Errorf("%q came back as %q", name, all[0].StreamID)
			}
		}
	}},
}
