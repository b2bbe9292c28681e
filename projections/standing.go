package projections

import (
	"slices"

	"redress/domain"
)

// standing adds what is decided around a case and not in its stages: who else is in it, consent, decisions, where it
// belongs and what belongs to it.
func (f *Face) standing(c *domain.Case) {
	if others := otherParties(c); len(others) > 0 {
		f.list("parties", others)
	}
	for _, k := range c.Consents {
		state := string(k.Decision)
		if k.Awaited() {
			state = "awaited"
		}
		f.about("consent."+string(k.Scope), k.Subject.String(), state)
	}
	for i, d := range c.Decisions {
		later := func(l domain.Decision) bool { return l.Kind == d.Kind }
		if !slices.ContainsFunc(c.Decisions[i+1:], later) {
			f.about("decision", string(d.Kind), string(d.Outcome))
		}
	}
	if len(c.Links) > 0 {
		links := make([]string, 0, len(c.Links))
		for _, link := range c.Links {
			links = append(links, string(link.Kind)+" "+link.Other.String())
		}
		f.list("links", links)
	}
	if first := c.FirstReceived(); !first.Equal(c.ReceivedAt) {
		f.instant("first_received_at", first)
	}
	if len(c.Documents) > 0 {
		f.list("documents", names(c.Documents))
	}
	for _, issue := range c.Issues {
		f.about("redirected", string(issue.ID), string(issue.Redirected))
	}
	f.instant("safeguarding_at", c.SafeguardingAt)
}

// otherParties returns everybody in the case but those by whom it is known.
func otherParties(c *domain.Case) []string {
	var others []string
	for _, p := range c.Parties {
		switch {
		case p.Role == domain.PartyComplainant && p.Person == *c.Complainant,
			p.Role == domain.PartyAffected && p.Person == *c.Affected,
			p.Role == domain.PartyRepresentative && p.Person == *c.Representative:
		default:
			others = append(others, string(p.Role)+" "+p.Person.String())
		}
	}
	return others
}
