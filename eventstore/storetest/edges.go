package storetest

import (
	"fmt"
	"math"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// These cases are at the edges of what a request may say.
var edgeCases = []testCase{
	{name: "83 the largest revision", run: largestRevision},
	{name: "84 the first thing wrong decides", run: firstThingWrong},
	{name: "85 resend of an id written twice", run: func(s *suite) {
		e := event(`{}`)
		first := s.append(s.stream("a"), esdb.NoStream{}, 0, e)
		s.append(s.stream("a"), esdb.Revision(0), 1, e)
		again := s.append(s.stream("a"), esdb.Any{}, 0, e)
		if again.CommitPosition != first.CommitPosition {
			s.Errorf("position %d, want that of the first, %d", again.CommitPosition, first.CommitPosition)
		}
		s.revisions(s.whole(s.stream("a")), 0, 1)
	}},
	{name: "86 choices left open", run: openChoices},
	{name: "87 positions beyond all", run: beyondAll},
	{name: "88 filtered reads", run: filteredReads},
	{name: "89 features and members", run: featuresAndMembers},
	{name: "90 links", run: links},
	{name: "99 content types, headers, forms of ids", run: forms},
	{name: "100 an id belongs to the stream that had it first", run: func(s *suite) {
		e := event(`{}`)
		s.append(s.stream("a"), esdb.NoStream{}, 0, e)
		s.append(s.stream("b"), esdb.Any{}, 0, e)
		s.append(s.stream("b"), esdb.Any{}, 1, e)      // no resend
		s.append(s.stream("b"), esdb.NoStream{}, 0, e) // the stream's own revisions decide
		s.append(s.stream("a"), esdb.Any{}, 0, e)      // a resend
		s.revisions(s.whole(s.stream("b")), 0, 1)
	}},
}

// send appends what is given, message by message, and answers with the trailers. A server may answer before it has
// everything.
func (s *suite) send(client streams.StreamsClient, messages ...*streams.AppendReq) (*streams.AppendResp, metadata.MD, error) {
	s.Helper()
	var trailer metadata.MD
	call, err := client.Append(s.ctx, grpc.Trailer(&trailer))
	s.ok(err)
	for _, m := range messages {
		if err := call.Send(m); err != nil {
			break
		}
	}
	answer, err := call.CloseAndRecv()
	return answer, trailer, err
}

func exactly(revision uint64) *streams.AppendReq_Options {
	return &streams.AppendReq_Options{ExpectedStreamRevision: &streams.AppendReq_Options_Revision{Revision: revision}}
}

// answered insists on a code, and on the text if one is given.
func (s *suite) answered(what string, err error, want codes.Code, text string) {
	s.Helper()
	if got := status.Convert(err); got.Code() != want || text != "" && got.Message() != text {
		s.Errorf("%s: answered %v %q, want %v %q", what, got.Code(), got.Message(), want, text)
	}
}

func largestRevision(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	answer, _, err := s.send(client, appendOptions(s.stream("a"), exactly(math.MaxUint64)), proposal(nil))
	s.ok(err)
	if answer.GetSuccess() == nil || answer.GetSuccess().GetCurrentRevision() != 0 {
		s.Errorf("for a new stream: %v", answer)
	}
	answer, _, err = s.send(client, appendOptions(s.stream("a"), exactly(math.MaxUint64)), proposal(nil))
	s.ok(err)
	if answer.GetWrongExpectedVersion() == nil {
		s.Errorf("for a stream with an event: %v", answer)
	}
	_, _, err = s.send(client, appendOptions(s.stream("a"), exactly(1<<63)), proposal(nil))
	s.answered("a revision that cannot be", err, codes.Unknown, "")
}

func firstThingWrong(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	anything := appendOptions(s.stream("a"), &streams.AppendReq_Options{
		ExpectedStreamRevision: &streams.AppendReq_Options_Any{Any: &shared.Empty{}},
	})
	untyped := proposal(make([]byte, mebibyte+1))
	delete(untyped.GetProposedMessage().Metadata, "type")
	nameless := proposal(make([]byte, mebibyte+1))
	nameless.GetProposedMessage().Metadata["type"] = ""
	nobody, garbled := proposal(nil), proposal(nil)
	nobody.GetProposedMessage().Id = &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{}}}
	garbled.GetProposedMessage().Id = &shared.UUID{Value: &shared.UUID_String_{String_: "one"}}
	for what, c := range map[string]struct {
		messages  []*streams.AppendReq
		code      codes.Code
		exception string
	}{
		"no type, and too large":   {[]*streams.AppendReq{anything, untyped}, codes.InvalidArgument, "missing-required-metadata-property"},
		"too large, and no name":   {[]*streams.AppendReq{anything, nameless}, codes.InvalidArgument, "maximum-append-size-exceeded"},
		"an event before the rest": {[]*streams.AppendReq{proposal(nil), anything}, codes.Unknown, ""},
		"options twice":            {[]*streams.AppendReq{anything, anything}, codes.Unknown, ""},
		"nothing":                  {nil, codes.Unknown, ""},
		"an id of zeros":           {[]*streams.AppendReq{anything, nobody}, codes.Unknown, ""},
		"an id that is none":       {[]*streams.AppendReq{anything, garbled}, codes.Unknown, ""},
		"more than a message may be": {
			[]*streams.AppendReq{anything, proposal(make([]byte, 17*mebibyte))}, codes.ResourceExhausted, "",
		},
		"no expectation, too large": {[]*streams.AppendReq{appendOptions(s.stream("a"), &streams.AppendReq_Options{}), untyped}, codes.InvalidArgument, ""},
	} {
		_, trailer, err := s.send(client, c.messages...)
		s.answered(what, err, c.code, "")
		if got := strings.Join(trailer.Get("exception"), " "); got != c.exception {
			s.Errorf("%s: exception %q, want %q", what, got, c.exception)
		}
	}
}

func openChoices(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	_, _, err := s.send(client, appendOptions(s.stream("a"), &streams.AppendReq_Options{}))
	s.answered("append", err, codes.InvalidArgument,
		"'None' is not a valid EventStore.Client.Streams.AppendReq+Types+Options+ExpectedStreamRevisionOneofCase")
	for what, c := range map[string]struct {
		change func(*streams.ReadReq_Options)
		code   codes.Code
		text   string
	}{
		"no stream": {
			func(o *streams.ReadReq_Options) { o.StreamOption = nil }, codes.InvalidArgument,
			"'None' is not a valid EventStore.Client.Streams.ReadReq+Types+Options+StreamOptionOneofCase",
		},
		"no count": {
			func(o *streams.ReadReq_Options) { o.CountOption = nil }, codes.InvalidArgument,
			"The combination of (Stream, None, Forwards, NoFilter) is invalid.",
		},
		"no filter": {
			func(o *streams.ReadReq_Options) {
				o.FilterOption, o.ReadDirection = nil, streams.ReadReq_Options_Backwards
			},
			codes.InvalidArgument, "The combination of (Stream, Count, Backwards, None) is invalid.",
		},
		"no revision": {func(o *streams.ReadReq_Options) { o.GetStream().RevisionOption = nil }, codes.Unknown, ""},
		"no position": {func(o *streams.ReadReq_Options) {
			o.StreamOption = &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{}}
		}, codes.Unknown, ""},
	} {
		options := streamRead(s.stream("a"))
		c.change(options)
		_, err := s.receive(client, options)
		s.answered(what, err, c.code, c.text)
	}
}

// allRead answers a request for events of the whole log.
func allRead(commit, prepare, count uint64) *streams.ReadReq_Options {
	o := streamRead("")
	o.CountOption = &streams.ReadReq_Options_Count{Count: count}
	o.StreamOption = &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{
		AllOption: &streams.ReadReq_Options_AllOptions_Position{
			Position: &streams.ReadReq_Options_Position{CommitPosition: commit, PreparePosition: prepare},
		},
	}}
	return o
}

func beyondAll(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	s.append(s.stream("a"), esdb.NoStream{}, 0, event(`{}`))
	_, err := s.receive(client, allRead(1<<63, 1<<63, 1))
	s.answered("a position that cannot be", err, codes.Unknown, "")
	end := allRead(math.MaxUint64, math.MaxUint64, 1)
	end.ReadDirection = streams.ReadReq_Options_Backwards
	all, err := s.receive(client, end)
	s.ok(err)
	if len(all) != 1 {
		s.Errorf("%d events back from the end, want 1", len(all))
	}
	from := func(revision uint64) *streams.ReadReq_Options {
		o := streamRead(s.stream("a"))
		o.GetStream().RevisionOption = &streams.ReadReq_Options_StreamOptions_Revision{Revision: revision}
		return o
	}
	_, err = s.receive(client, from(1<<63))
	s.answered("a revision that cannot be", err, codes.Unknown, "")
	after := from(math.MaxInt64)
	after.CountOption = &streams.ReadReq_Options_Subscription{Subscription: &streams.ReadReq_Options_SubscriptionOptions{}}
	_, err = s.receive(client, after)
	s.answered("a subscription after the last revision there can be", err, codes.Unknown, "")
}

// filteredReads asks for counted reads of the whole log with filters, which the client cannot.
func filteredReads(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	start := s.append(s.stream("a"), esdb.NoStream{}, 0, event(`{}`))
	for i := range uint64(6) {
		s.append(s.stream(fmt.Sprint("noise", i%2)), esdb.Any{}, i/2, event(`{}`))
	}
	last := s.append(s.stream("a"), esdb.Revision(0), 1, event(`{}`))
	filtered := func(prefixes ...string) *streams.ReadReq_Options {
		o := allRead(start.CommitPosition, start.PreparePosition, 3)
		o.FilterOption = &streams.ReadReq_Options_Filter{Filter: &streams.ReadReq_Options_FilterOptions{
			Filter: &streams.ReadReq_Options_FilterOptions_StreamIdentifier{
				StreamIdentifier: &streams.ReadReq_Options_FilterOptions_Expression{Prefix: prefixes},
			},
			Window:                       &streams.ReadReq_Options_FilterOptions_Max{Max: 2},
			CheckpointIntervalMultiplier: 1,
		}}
		return o
	}
	all, err := s.receive(client, filtered(s.stream("a")))
	s.ok(err)
	if len(all) != 2 || all[1].GetEvent().GetCommitPosition() != last.CommitPosition {
		s.Errorf("forwards: %v", all)
	}
	back := filtered(s.stream("a"))
	back.ReadDirection = streams.ReadReq_Options_Backwards
	back.GetAll().AllOption = &streams.ReadReq_Options_AllOptions_Position{
		Position: &streams.ReadReq_Options_Position{CommitPosition: last.CommitPosition, PreparePosition: last.PreparePosition},
	}
	back.CountOption = &streams.ReadReq_Options_Count{Count: 1}
	all, err = s.receive(client, back)
	s.ok(err)
	if len(all) != 1 || all[0].GetEvent().GetCommitPosition() != start.CommitPosition {
		s.Errorf("backwards: %v", all)
	}
	all, err = s.receive(client, filtered())
	s.ok(err)
	if len(all) != 0 {
		s.Errorf("no prefix at all selects %d events", len(all))
	}
	windowless := filtered("a")
	windowless.GetFilter().Window = nil
	_, err = s.receive(client, windowless)
	s.answered("no window", err, codes.InvalidArgument, "")
	blind := filtered("a")
	blind.GetFilter().Filter = nil
	_, err = s.receive(client, blind)
	s.answered("neither types nor streams", err, codes.InvalidArgument, "")
	never := filtered("a")
	never.GetFilter().CheckpointIntervalMultiplier = 0
	never.CountOption = &streams.ReadReq_Options_Subscription{Subscription: &streams.ReadReq_Options_SubscriptionOptions{}}
	_, err = s.receive(client, never)
	s.answered("no checkpoints ever", err, codes.Unknown, "")
}

func featuresAndMembers(s *suite) {
	connection, ok := s.bare()
	if !ok {
		return
	}
	methods, err := serverfeatures.NewServerFeaturesClient(connection).GetSupportedMethods(s.ctx, &shared.Empty{})
	s.ok(err)
	got := map[string]string{}
	for _, m := range methods.Methods {
		got[m.ServiceName+"/"+m.MethodName] = strings.Join(m.Features, " ")
	}
	for method, want := range map[string]string{
		"event_store.client.streams.streams/read":      "position events",
		"event_store.client.streams.streams/append":    "",
		"event_store.client.streams.streams/delete":    "",
		"event_store.client.streams.streams/tombstone": "",
		"event_store.client.gossip.gossip/read":        "",
	} {
		if features, ok := got[method]; !ok || features != want {
			s.Errorf("%s: %q, %v", method, features, ok)
		}
	}
	if parts := strings.Split(methods.EventStoreServerVersion, "."); len(parts) != 3 {
		s.Errorf("version %q", methods.EventStoreServerVersion)
	}
	members, err := gossip.NewGossipClient(connection).Read(s.ctx, &shared.Empty{})
	s.ok(err)
	leaders := 0
	for _, m := range members.Members {
		if m.State == gossip.MemberInfo_Leader && m.IsAlive && m.HttpEndPoint != nil && m.GetInstanceId() != nil {
			leaders++
		}
	}
	if leaders != 1 {
		s.Errorf("%d leaders in %v", leaders, members)
	}
}

// links reads events that stand for others, resolved and as they are.
func links(s *suite) {
	link := func(data string) esdb.EventData {
		e := event(data)
		e.EventType, e.ContentType = "$>", esdb.ContentTypeBinary
		return e
	}
	target := s.stream("target")
	s.append(target, esdb.NoStream{}, 2, events(3)...)
	first := s.append(s.stream("a"), esdb.NoStream{}, 0, link("1@"+target))
	s.append(s.stream("a"), esdb.Revision(0), 4, link("9@"+target), link("0@"+s.stream("none")), link("no link"), event(`{}`))
	// The revisions of the event and of the link, where there are any.
	want := []string{"1 0", "- 1", "- 2", "3 -", "4 -"}
	check := func(how string, i int, e *esdb.ResolvedEvent) {
		s.Helper()
		got := [2]string{"-", "-"}
		for j, r := range []*esdb.RecordedEvent{e.Event, e.Link} {
			if r != nil {
				got[j] = fmt.Sprint(r.EventNumber)
			}
		}
		if text := strings.Join(got[:], " "); text != want[i] {
			s.Errorf("%s: event and link %d are %s, want %s", how, i, text, want[i])
		}
		if i == 0 && (e.Event == nil || e.Event.StreamID != target || e.OriginalEvent().Position.Commit != first.CommitPosition) {
			s.Errorf("%s: %+v", how, e)
		}
	}
	read, err := s.client.ReadStream(s.ctx, s.stream("a"), esdb.ReadStreamOptions{ResolveLinkTos: true}, 10)
	s.ok(err)
	defer read.Close()
	subscription, err := s.client.SubscribeToStream(s.ctx, s.stream("a"),
		esdb.SubscribeToStreamOptions{From: esdb.Start{}, ResolveLinkTos: true})
	s.ok(err)
	f := s.follow(subscription)
	for i := range want {
		e, err := read.Recv()
		s.ok(err)
		check("read", i, e)
		m := f.next(patience)
		if m == nil || m.EventAppeared == nil {
			s.Fatalf("the subscription brings %+v", m)
		}
		check("subscription", i, m.EventAppeared)
	}
	all, err := s.client.ReadAll(s.ctx, esdb.ReadAllOptions{From: position(first), ResolveLinkTos: true}, 1)
	s.ok(err)
	defer all.Close()
	e, err := all.Recv()
	s.ok(err)
	check("all", 0, e)
	s.revisions(s.whole(s.stream("a")), span(0, 4)...)
}

// forms sends what the client never does: other content types and metadata, the header that asks for the leader, and
// requests that leave out a whole message.
func forms(s *suite) {
	client, ok := s.wire()
	if !ok {
		return
	}
	ctx := metadata.AppendToOutgoingContext(s.ctx, "requires-leader", "true", "connection-name", "somebody")
	call, err := client.Append(ctx)
	s.ok(err)
	s.ok(call.Send(appendOptions(s.stream("a"), &streams.AppendReq_Options{
		ExpectedStreamRevision: &streams.AppendReq_Options_Any{Any: &shared.Empty{}},
	})))
	for _, content := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON", ""} {
		p := proposal([]byte(`{}`))
		p.GetProposedMessage().Metadata["content-type"] = content
		p.GetProposedMessage().Metadata["created"] = "long ago"
		s.ok(call.Send(p))
	}
	_, err = call.CloseAndRecv()
	s.ok(err)
	options := streamRead(s.stream("a"))
	options.UuidOption.Content = nil // the form of the ids is then the structured one
	all, err := s.receive(client, options)
	s.ok(err)
	if len(all) != 4 {
		s.Fatalf("%d events, want 4", len(all))
	}
	for i, m := range all {
		e := m.GetEvent().GetEvent()
		want := "application/octet-stream"
		if i == 0 {
			want = "application/json"
		}
		if e.Metadata["content-type"] != want || len(e.Metadata) != 3 || e.GetId().GetStructured() == nil {
			s.Errorf("event %d: %v, %v", i, e.Metadata, e.GetId())
		}
		if m.GetEvent().GetCommitPosition() != e.CommitPosition || e.CommitPosition == 0 || m.GetEvent().GetLink() != nil {
			s.Errorf("event %d: %v", i, m)
		}
	}
	_, err = s.receive(client, nil)
	s.answered("read without options", err, codes.Unknown, "")
	_, err = client.Delete(s.ctx, &streams.DeleteReq{})
	s.answered("delete without options", err, codes.Unknown, "")
}
