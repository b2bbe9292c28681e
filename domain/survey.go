package domain

import (
	"time"

	"github.com/google/uuid"
)

// SurveySent records, in the case, that the person was asked how the complaint was handled: once, after it was closed.
type SurveySent struct {
	Token  Label     `json:"token" rule:"required" doc:"the token of the link that was sent"`
	SentAt time.Time `json:"sent_at,omitzero" doc:"when; left out = when it is recorded"`
}

// Schema names the event.
func (SurveySent) Schema() (string, int) { return "SurveySent", 1 }

// When returns the moment of sending.
func (e SurveySent) When() time.Time { return e.SentAt }

// SurveyAnswered records the answers, in a stream of their own. The token leads from the case to that stream; nothing leads
// back.
type SurveyAnswered struct {
	Answers    SurveyAnswers `json:"answers" rule:"required" doc:"the marks given"`
	Comment    Personal      `json:"comment,omitzero" doc:"what the person has to say"`
	AnsweredAt time.Time     `json:"answered_at,omitzero" doc:"when; left out = when it is recorded"`
}

// Schema names the event.
func (SurveyAnswered) Schema() (string, int) { return "SurveyAnswered", 1 }

// When returns the moment of the answer.
func (e SurveyAnswered) When() time.Time { return e.AnsweredAt }

// SurveyAnswers are marks from 1 (bad) to 5 (good); 0 is a question that was passed over.
type SurveyAnswers struct {
	EasyToComplain    int `json:"easy_to_complain,omitzero" doc:"it was easy to complain, 1 to 5"`
	KeptInformed      int `json:"kept_informed,omitzero" doc:"the person was kept informed, 1 to 5"`
	TreatedFairly     int `json:"treated_fairly,omitzero" doc:"the person was treated fairly, 1 to 5"`
	UnderstoodReasons int `json:"understood_reasons,omitzero" doc:"the reasons were understood, 1 to 5"`
	Overall           int `json:"overall,omitzero" doc:"all in all, 1 to 5"`
}

// AnswerSurvey is the command that is answered with [SurveyAnswered]. It addresses the survey of a case.
type AnswerSurvey struct {
	Token      Label         `json:"token,omitzero" doc:"the token of the link; left out = that of the case"`
	Answers    SurveyAnswers `json:"answers" rule:"required" doc:"the marks given"`
	Comment    Personal      `json:"comment,omitzero" doc:"what the person has to say"`
	AnsweredAt time.Time     `json:"answered_at,omitzero" doc:"when; left out = when it is recorded"`
}

// surveySpace is the name space of survey streams.
var surveySpace = uuid.MustParse("3f0c4c5e-6d55-5d0e-8a34-7e1d2f9b6c11")

// SurveyStream returns the name of the stream of a survey's answers. It follows from the token and does not tell it.
func SurveyStream(tenant string, token Label) string {
	return "survey-" + uuid.NewSHA1(surveySpace, []byte(tenant+"\x00"+string(token))).String()
}

// Survey is the folded stream of one survey's answers.
type Survey struct {
	Revision   uint64 // of the last event
	Events     uint64
	AnsweredAt time.Time
}

// Apply adds the next event of the survey's stream. An event of another stream, or out of its place, is an error.
func (s *Survey) Apply(r Recorded) error {
	answered, ok := r.Event.(SurveyAnswered)
	if !ok {
		return misplaced(r, "survey")
	}
	if r.Revision != s.Events {
		return gap(r, s.Events)
	}
	s.Revision, s.Events, s.AnsweredAt = r.Revision, s.Events+1, answered.AnsweredAt
	return nil
}

func (e SurveySent) happen(c *Case, m *Metadata) {
	if c.SurveyToken == "" {
		c.SurveyToken, c.SurveySentAt = e.Token, e.SentAt
		if e.SentAt.IsZero() {
			c.SurveySentAt = m.RecordedAt
		}
	}
}

// DecideSendSurvey answers with [SurveySent], on a closed case only. A case that has had its survey, an anonymous person
// and one with whom contact is restricted get none: BAD_VALUE.
func DecideSendSurvey(ctx Context, e SurveySent) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	c := ctx.Case
	if err := Preconditions(ctx, CommandRule{WhenClosed: true, After: c.ClosedAt}, e.SentAt); err != nil {
		return nil, err
	}
	switch {
	case c.SurveyToken != "":
		return nil, BadValue("case", "one that has had no survey")
	case c.Complainant == nil || c.Flagged(FlagAnonymous) || c.Flagged(FlagContactRestricted) || restricted(ctx, *c.Complainant):
		return nil, BadValue("case", "one whose complainant is known and may be written to")
	case c.Status != StatusClosed:
		return nil, Reject(OutOfOrder, "a survey follows the closing of the case")
	}
	return []Event{e}, nil
}

// restricted reports whether contact with a person is restricted.
func restricted(ctx Context, person uuid.UUID) bool {
	if ctx.OtherPerson == nil {
		return false
	}
	p := ctx.OtherPerson(person)
	return p != nil && p.Restriction != nil
}

// DecideAnswerSurvey answers with [SurveyAnswered] for the survey in the context, which is that of the case in it. A
// survey that is answered already is BAD_VALUE.
func DecideAnswerSurvey(ctx Context, a AnswerSurvey) ([]Event, error) {
	if err := received(ctx); err != nil {
		return nil, err
	}
	rule := CommandRule{WhenClosed: true, After: ctx.Case.SurveySentAt}
	if err := Preconditions(ctx, rule, a.AnsweredAt); err != nil {
		return nil, err
	}
	if ctx.Case.SurveyToken == "" {
		return nil, Reject(OutOfOrder, "no survey has been sent")
	}
	if a.Token != "" && a.Token != ctx.Case.SurveyToken {
		return nil, BadValue("token", "the token of the case's survey")
	}
	if ctx.Survey != nil {
		return nil, BadValue("case", "one whose survey is not answered yet")
	}
	marks := []struct {
		name string
		mark int
	}{
		{"easy_to_complain", a.Answers.EasyToComplain},
		{"kept_informed", a.Answers.KeptInformed},
		{"treated_fairly", a.Answers.TreatedFairly},
		{"understood_reasons", a.Answers.UnderstoodReasons},
		{"overall", a.Answers.Overall},
	}
	given := 0
	for _, m := range marks {
		if m.mark < 0 || m.mark > 5 {
			return nil, BadValue("answers."+m.name, "1 to 5")
		}
		given += m.mark
	}
	if given == 0 {
		return nil, BadValue("answers", "at least one mark")
	}
	answered := a.AnsweredAt
	if answered.IsZero() {
		answered = ctx.Now
	}
	return []Event{SurveyAnswered{Answers: a.Answers, Comment: a.Comment, AnsweredAt: answered}}, nil
}
