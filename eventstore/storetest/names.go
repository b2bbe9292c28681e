package storetest

import (
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
)

// These cases are about names and ids that clients do not send.
var nameCases = []testCase{
	{name: "101 names that are not UTF-8", run: brokenNames},
	{name: "102 ids as text", run: idsAsText},
	{name: "109 reads that leave open how ids are written", run: formlessReads},
	{name: "111 the metadata of what has no name", deletes: true, run: namelessMetadata},
	{name: "112 methods and services that there are not", run: absentMethods},
}

var anything = &streams.AppendReq_Options_Any{Any: &shared.Empty{}}

// brokenNames writes and reads by bytes that are no text: what is no character becomes U+FFFD, once for each that was begun.
func brokenNames(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	sent := s.stream("\xff-\xe2\x82-\xf0\x9f\x98-\xed\xa0\x80-\xc0\xaf-\xf4\x90\x80\x80-ü")
	const no = "\ufffd"
	name := s.stream(no + "-" + no + "-" + no + "-" + no + no + no + "-" + no + no + "-" + no + no + no + no + "-ü")
	missing, err := s.receive(client, streamRead(sent))
	s.ok(err)
	if len(missing) != 1 || string(missing[0].GetStreamNotFound().GetStreamIdentifier().GetStreamName()) != name {
		s.Errorf("missing is %q, want %q", missing, name)
	}
	_, _, err = s.send(client, appendOptions(sent, &streams.AppendReq_Options{ExpectedStreamRevision: anything}), proposal(nil))
	s.ok(err)
	all := s.whole(name)
	s.revisions(all, 0)
	if all[0].StreamID != name {
		s.Errorf("the stream is %q, want %q", all[0].StreamID, name)
	}
	s.append(name, esdb.Revision(0), 1, event(`{}`))
	messages, err := s.receive(client, streamRead(sent))
	s.ok(err)
	if len(messages) != 2 {
		s.Errorf("%d events, want 2", len(messages))
	}
}

// idsAsText sends ids in the forms that a server reads, and in some that it does not.
func idsAsText(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	id := uuid.New()
	text := id.String()
	plain := strings.ReplaceAll(text, "-", "")
	try := func(stream, form string) error {
		p := proposal(nil)
		p.GetProposedMessage().Id = &shared.UUID{Value: &shared.UUID_String_{String_: form}}
		_, _, err := s.send(client, appendOptions(stream, &streams.AppendReq_Options{ExpectedStreamRevision: anything}), p)
		return err
	}
	for i, form := range []string{text, plain, "{" + text + "}", "(" + text + ")", strings.ToUpper(text), " " + text + "\n"} {
		stream := s.stream("read" + string(rune('a'+i)))
		if err := try(stream, form); err != nil {
			s.Errorf("%q: %v", form, err)
			continue
		}
		if all := s.whole(stream); all[0].EventID != id {
			s.Errorf("%q was read as %s", form, all[0].EventID)
		}
	}
	for _, form := range []string{"urn:uuid:" + text, "{" + text + ")", "<" + text + ">", "{" + plain + "}", text[1:], "", strings.Repeat("g", 32)} {
		s.answered(form, try(s.stream("refused"), form), codes.Unknown, handlerFault)
	}
}

// namelessMetadata describes the stream that has no name.
func namelessMetadata(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	_, _, err := s.send(client, appendOptions("$$", &streams.AppendReq_Options{ExpectedStreamRevision: anything}), proposal(nil))
	s.answered("append", err, codes.Unknown, handlerFault)
	_, err = s.client.SetStreamMetadata(s.ctx, "", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, esdb.StreamMetadata{})
	s.refused(err, esdb.ErrorCodeUnknown)
	_, err = s.tryRead("$$", esdb.Forwards, esdb.Start{}, 1)
	s.refused(err, esdb.ErrorCodeResourceNotFound)
}

// absentMethods calls what no server has. The text for a service differs between servers.
func absentMethods(s *suite) {
	connection, ok := s.bare()
	if !ok {
		return
	}
	call := func(method string) error { return connection.Invoke(s.ctx, method, &shared.Empty{}, &shared.Empty{}) }
	s.answered("method", call("/event_store.client.streams.Streams/Nothing"), codes.Unimplemented, "Method is unimplemented.")
	s.answered("service", call("/event_store.client.nothing.Nothing/Read"), codes.Unimplemented, "")
}

// formlessReads asks for nothing that has an id. What a server does when it comes to one is its own affair.
func formlessReads(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	stream := s.stream("a")
	s.append(stream, esdb.NoStream{}, 0, event(`{}`))
	missing, beyond, end := streamRead(s.stream("none")), fromRevision(stream, 1), fromEnd(stream)
	for _, o := range []*streams.ReadReq_Options{missing, beyond, end} {
		o.UuidOption = nil
	}
	all, err := s.receive(client, missing)
	s.ok(err)
	if len(all) != 1 || all[0].GetStreamNotFound() == nil {
		s.Errorf("missing: %v", all)
	}
	all, err = s.receive(client, beyond)
	s.ok(err)
	if len(all) != 0 {
		s.Errorf("beyond the end: %v", all)
	}
	s.insist("from the end", s.open(client, end), "confirmation", "caught up")
}
