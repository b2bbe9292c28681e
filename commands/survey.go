package commands

import (
	"context"

	"redress/domain"
)

// addressSurvey finds the stream of the survey that was sent in the case addressed. Where none was, the decision says so,
// and the stream stays empty.
func (h *Handler) addressSurvey(ctx context.Context, o *order) error {
	id, err := h.resolve(ctx, o.Case)
	if err != nil {
		return err
	}
	c, err := h.Case(ctx, id)
	if err != nil {
		return err
	}
	if c == nil {
		return noCase()
	}
	o.caseID, o.surveyed, o.stream = id, c, domain.SurveyStream(h.Tenant, c.SurveyToken)
	return nil
}
