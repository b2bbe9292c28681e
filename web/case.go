package web

import "net/http"

// caseView is what the page of one case prints.
type caseView struct {
	Frame  frame
	Notice string
	Kind   string
	Ref    string
	Status tag
	Facts  []fact
	Clocks []clockLine
	Events []eventLine
}

// fact is one line of the summary.
type fact struct{ Label, Value string }

// clockLine is one clock of the case.
type clockLine struct {
	Name, Class, Due, Stopped string
	State                     tag
}

// eventLine is one event of the case.
type eventLine struct {
	Revision                                   uint64
	Type, Occurred, Recorded, Role, Actor, For string
	Fields                                     []fieldLine
}

// fieldLine is one field of an event. What is sealed shows as that word.
type fieldLine struct {
	Label, Value string
	Sealed       bool
}

func (s *Server) casePage(w http.ResponseWriter, r *http.Request) error { return nil }
