package web

import (
	"net/http"
)

// overviewView is what the front page prints.
type overviewView struct {
	Frame    frame
	Notice   string
	Figures  []figure
	Filters  []filterField
	Filtered bool // some filter is set
	Caption  string
	Cases    []caseLine
	Empty    string // what is said where there is no case to list
	Newest   string // address of the first page; empty on it
	Next     string // address of the next page; empty on the last
}

// figure is one number at a glance.
type figure struct {
	Label string
	Value string
	Note  string
	Bad   bool // somebody must act
}

// filterField is one field of the filter form: a list to choose from, or a text where there are no options.
type filterField struct {
	Name, Label, Value string
	Options            []option
}

type option struct {
	Value, Text string
	Selected    bool
}

// caseLine is one case in the list.
type caseLine struct {
	Link, Ref, Received, Service, Category, Stage, Due string
	Status                                             tag
	DueTag                                             *tag // overdue or due soon; nil: neither
}

func (s *Server) overviewPage(w http.ResponseWriter, r *http.Request) error { return nil }
