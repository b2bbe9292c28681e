package storetest

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"
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
	want := &streams.AppendResp_WrongExpectedVersion{
		CurrentRevisionOption:         &streams.AppendResp_WrongExpectedVersion_CurrentRevision{},
		CurrentRevisionOption_20_6_0:  &streams.AppendResp_WrongExpectedVersion_CurrentRevision_20_6_0{},
		ExpectedRevisionOption:        &streams.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: math.MaxUint64},
		ExpectedRevisionOption_20_6_0: &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: math.MaxUint64},
	}
	if diff := cmp.Diff(want, answer.GetWrongExpectedVersion(), protocmp.Transform()); diff != "" {
		s.Errorf("for a stream with an event: %s", diff)
	}
	for _, revision := range []uint64{1 << 63, math.MaxUint64 - 1} {
		_, _, err = s.send(client, appendOptions(s.stream("a"), exactly(revision)), proposal(nil))
		s.answered("a revision that cannot be", err, codes.Unknown, handlerFault)
	}
	answer, _, err = s.send(client, appendOptions(s.stream("a"), exactly(math.MaxInt64)), proposal(nil))
	s.ok(err)
	if answer.GetWrongExpectedVersion().GetExpectedRevision() != math.MaxInt64 {
		s.Errorf("the largest revision there can be: %v", answer)
	}
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
		text := ""
		if c.code == codes.Unknown {
			text = handlerFault
		}
		s.answered(what, err, c.code, text)
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
		"no revision": {func(o *streams.ReadReq_Options) { o.GetStream().RevisionOption = nil }, codes.Unknown, handlerFault},
		"no name":     {func(o *streams.ReadReq_Options) { o.GetStream().StreamIdentifier = nil }, codes.Unknown, handlerFault},
		"no position": {func(o *streams.ReadReq_Options) {
			o.StreamOption = &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{}}
		}, codes.Unknown, handlerFault},
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
	for _, at := range [][2]uint64{{1 << 63, 1 << 63}, {1 << 63, 1}, {1, 2}, {1, math.MaxUint64}} {
		_, err := s.receive(client, allRead(at[0], at[1], 1))
		s.answered("a position that cannot be", err, codes.Unknown, handlerFault)
	}
	half := allRead(math.MaxUint64, 1, 1)
	_, err := s.receive(client, half)
	s.answered("half the end", err, codes.Unknown, "Unexpected ReadAllResult: Error")
	half.ReadDirection, half.FilterOption = streams.ReadReq_Options_Backwards, prefixFilter(s.stream("a"))
	_, err = s.receive(client, half)
	s.answered("half the end, filtered", err, codes.Unknown, "Unexpected FilteredReadAllResult: Error")
	end := allRead(math.MaxUint64, math.MaxUint64, 1)
	end.ReadDirection = streams.ReadReq_Options_Backwards
	all, err := s.receive(client, end)
	s.ok(err)
	if len(all) != 1 {
		s.Errorf("%d events back from the end, want 1", len(all))
	}
	for _, revision := range []uint64{1 << 63, math.MaxUint64 - 1} {
		_, err = s.receive(client, fromRevision(s.stream("a"), revision))
		s.answered("a revision that cannot be", err, codes.Unknown, handlerFault)
	}
	all, err = s.receive(client, fromRevision(s.stream("a"), math.MaxInt64))
	s.ok(err)
	if len(all) != 0 {
		s.Errorf("%d events from the last revision there can be", len(all))
	}
	_, err = s.receive(client, fromRevision(s.stream("a"), math.MaxUint64))
	s.answered("forwards from the end", err, codes.Unknown, "Unexpected ReadStreamResult: Error")
	nothing := streamRead(s.stream("none"))
	nothing.CountOption = &streams.ReadReq_Options_Count{Count: 0}
	_, err = s.receive(client, nothing)
	s.answered("no events of a stream that is not there", err, codes.Unknown, "Unexpected ReadStreamResult: Error")
	after := fromRevision(s.stream("a"), math.MaxInt64)
	after.CountOption = &streams.ReadReq_Options_Subscription{Subscription: &streams.ReadReq_Options_SubscriptionOptions{}}
	_, err = s.receive(client, after)
	s.answered("a subscription after the last revision there can be", err, codes.Unknown, handlerFault)
}

func prefixFilter(prefixes ...string) *streams.ReadReq_Options_Filter {
	return &streams.ReadReq_Options_Filter{Filter: &streams.ReadReq_Options_FilterOptions{
		Filter: &streams.ReadReq_Options_FilterOptions_StreamIdentifier{
			StreamIdentifier: &streams.ReadReq_Options_FilterOptions_Expression{Prefix: prefixes},
		},
		Window:                       &streams.ReadReq_Options_FilterOptions_Max{Max: 2},
		CheckpointIntervalMultiplier: 1,
	}}
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
		o.FilterOption = prefixFilter(prefixes...)
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
	s.senselessFilters(client)
}

func (s *suite) senselessFilters(client streams.StreamsClient) {
	s.Helper()
	type options = streams.ReadReq_Options_FilterOptions
	const kind = "EventStore.Client.Streams.ReadReq+Types+Options+Types+FilterOptions"
	pattern := func(text string) func(*options) {
		return func(f *options) { f.GetStreamIdentifier().Regex = text }
	}
	for what, c := range map[string]struct {
		change func(*options)
		code   codes.Code
		text   string
	}{
		"no window": {func(f *options) { f.Window = nil }, codes.InvalidArgument, "'None' is not a valid " + kind + "+WindowOneofCase"},
		"neither types nor streams": {
			func(f *options) { f.Filter = nil },
			codes.InvalidArgument, `'{ "max": 2, "checkpointIntervalMultiplier": 1 }' is not a valid ` + kind,
		},
		"no checkpoints ever":    {func(f *options) { f.CheckpointIntervalMultiplier = 0 }, codes.Unknown, handlerFault},
		"an open parenthesis":    {pattern("a("), codes.Unknown, handlerFault},
		"a closed parenthesis":   {pattern("a)"), codes.Unknown, handlerFault},
		"an open bracket":        {pattern("[a"), codes.Unknown, handlerFault},
		"nothing to repeat":      {pattern("*a"), codes.Unknown, handlerFault},
		"a range that goes back": {pattern("[b-a]"), codes.Unknown, handlerFault},
		"half an escape":         {pattern(`a\`), codes.Unknown, handlerFault},
		"an unknown escape":      {pattern(`a\y`), codes.Unknown, handlerFault},
		"repeated twice":         {pattern("a**"), codes.Unknown, handlerFault},
	} {
		o := allRead(0, 0, 1)
		o.CountOption = &streams.ReadReq_Options_Subscription{Subscription: &streams.ReadReq_Options_SubscriptionOptions{}}
		filter := prefixFilter("a")
		c.change(filter.Filter)
		o.FilterOption = filter
		_, err := s.receive(client, o)
		s.answered(what, err, c.code, c.text)
	}
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
		// Ticks of 100 ns since 1970, as in events.
		if age := time.Since(time.Unix(0, m.TimeStamp*100)).Abs(); age > time.Minute {
			s.Errorf("the member was seen %v from now", age)
		}
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
	s.append(s.stream("a"), esdb.Revision(0), 6, link("9@"+target), link("0@"+s.stream("none")), link("no link"), event(`{}`),
		link(" 2 @"+target), link("1"))
	// The revisions of the event and of the link, where there are any.
	want := []string{"1 0", "- 1", "- 2", "3 -", "4 -", "2 5", "- 6", "1 7", "- 8"}
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
	const history = 7
	for i := range history {
		e, err := read.Recv()
		s.ok(err)
		check("read", i, e)
		m := f.next(patience)
		if m == nil || m.EventAppeared == nil {
			s.Fatalf("the subscription brings %+v", m)
		}
		check("subscription", i, m.EventAppeared)
	}
	// Once caught up, a link that names nothing is a link still.
	s.revisions(f.untilCaughtUp())
	s.append(s.stream("a"), esdb.Revision(history-1), history+1, link("1@"+target), link("no link"))
	for i := history; i < len(want); i++ {
		m := f.next(patience)
		if m == nil || m.EventAppeared == nil {
			s.Fatalf("the subscription brings %+v", m)
		}
		check("live", i, m.EventAppeared)
	}
	all, err := s.client.ReadAll(s.ctx, esdb.ReadAllOptions{From: position(first), ResolveLinkTos: true}, 1)
	s.ok(err)
	defer all.Close()
	e, err := all.Recv()
	s.ok(err)
	check("all", 0, e)
	s.revisions(s.whole(s.stream("a")), span(0, history+1)...)
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
	s.answered("read without options", err, codes.Unknown, handlerFault)
	_, err = client.Delete(s.ctx, &streams.DeleteReq{})
	s.answered("delete without options", err, codes.Unknown, handlerFault)
}
