package web

import (
	"net/http"

	"redress/domain"
)

// previewErasure says what the command ErasePersonalData would make unreadable for ever. It erases nothing.
func (s *Server) previewErasure(w http.ResponseWriter, r *http.Request) error {
	if err := s.permit(r, domain.ActionErase); err != nil {
		return err
	}
	preview, err := s.Queries.Erasure(r.Context(), r.PathValue("subject"))
	if err != nil {
		return asRejection(err)
	}
	return answer(w, http.StatusOK, preview)
}
