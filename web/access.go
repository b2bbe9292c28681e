package web

import (
	"net/http"
	"slices"

	"github.com/google/uuid"

	"redress/domain"
	"redress/queries"
)

// permit answers NOT_PERMITTED unless the caller may do something that addresses no case.
func (s *Server) permit(r *http.Request, action domain.Action) error {
	ctx, err := s.asking(r)
	if err != nil {
		return err
	}
	return domain.Permit(ctx, action)
}

// asking is the context in which a caller's rights are looked up: the config stream as it stands now.
func (s *Server) asking(r *http.Request) (domain.Context, error) {
	config, err := s.Config(r.Context())
	if err != nil {
		return domain.Context{}, err
	}
	c := who(r)
	return domain.Context{Now: s.Now(), Tenant: s.Tenant, WayIn: c.way, Actor: c.actor, Config: config}, nil
}

// errNoCase is the answer for a case that is not there, and for one that the caller may not know of.
func errNoCase() error { return domain.Reject(domain.CaseNotFound, "there is no such case") }

// reachOf works out which cases the caller may do something to. It asks domain.Permit, so the permission matrix stands
// in one place only: of a case that no particular right covers, of one in each service for which a role is held, of one
// that the caller holds, and of one to which the caller is a party. A caller who may see no case at all is NOT_PERMITTED.
func (s *Server) reachOf(r *http.Request, action domain.Action) (queries.Scope, error) {
	ctx, err := s.asking(r)
	if err != nil {
		return queries.Scope{}, err
	}
	may := func(c domain.Case) bool {
		ctx.Case = &c
		return domain.Permit(ctx, action) == nil
	}
	const elsewhere = domain.Term("\x00") // a service that no case has
	var within queries.Scope
	if within.All = may(domain.Case{Service: elsewhere}); within.All {
		return within, nil
	}
	for _, held := range ctx.Config.Grant(ctx.Actor.Rights(), ctx.Now).Held {
		if held.Service != "" && !slices.Contains(within.Services, held.Service) && may(domain.Case{Service: held.Service}) {
			within.Services = append(within.Services, held.Service)
		}
	}
	if person, err := uuid.Parse(ctx.Actor.Rights()); err == nil {
		held := []domain.StageRecord{{Allocated: []domain.Officer{{ID: person}}}}
		if may(domain.Case{Service: elsewhere, Stages: held}) {
			within.Assigned = &person
		}
		complains := []domain.PartyRecord{{Person: person, Role: domain.PartyComplainant}}
		if may(domain.Case{Service: elsewhere, Parties: complains}) {
			within.Party = &person
		}
	}
	if within.Services == nil && within.Assigned == nil && within.Party == nil {
		return queries.Scope{}, domain.Permit(ctx, action)
	}
	return within, nil
}
