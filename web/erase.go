package web

import (
	"net/http"

	"github.com/google/uuid"

	"redress/domain"
)

// erasurePreview says what the command ErasePersonalData would make unreadable for ever. It erases nothing.
type erasurePreview struct {
	Subject uuid.UUID   `json:"subject"`
	Kind    string      `json:"kind" doc:"person or case"`
	Cases   []uuid.UUID `json:"cases" doc:"the cases whose free text goes"`
	Fields  int         `json:"fields" doc:"sealed fields in the events of these cases"`
	Erased  int         `json:"erased" doc:"those of them that are erased already"`
}

// previewErasure counts what would go for a person, or for a case.
func (s *Server) previewErasure(w http.ResponseWriter, r *http.Request) error {
	if err := s.permit(r, domain.ActionErase); err != nil {
		return err
	}
	name := r.PathValue("subject")
	preview := erasurePreview{Kind: "case", Cases: []uuid.UUID{}}
	id, there, err := s.Queries.Resolve(r.Context(), name)
	switch {
	case err != nil:
		return asRejection(err)
	case there:
		preview.Subject, preview.Cases = id, append(preview.Cases, id)
	default:
		if preview.Subject, err = uuid.Parse(name); err != nil {
			return errNoCase()
		}
		preview.Kind = "person"
		of, err := s.Queries.CasesOf(r.Context(), preview.Subject)
		if err != nil {
			return asRejection(err)
		}
		preview.Cases = append(preview.Cases, of...)
	}
	for _, id := range preview.Cases {
		if err := s.countSealed(r, id, &preview); err != nil {
			return err
		}
	}
	return answer(w, http.StatusOK, preview)
}

func (s *Server) countSealed(r *http.Request, id uuid.UUID, into *erasurePreview) error {
	events, err := s.Queries.Events(r.Context(), id.String())
	if err != nil {
		return asRejection(err)
	}
	gone, err := s.destroyed(r, events)
	if err != nil {
		return err
	}
	for _, e := range events {
		keys, err := sealingKeys(e.Data)
		if err != nil {
			return err
		}
		for _, key := range keys {
			into.Fields++
			if gone[key] {
				into.Erased++
			}
		}
	}
	return nil
}
