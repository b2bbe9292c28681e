package domain

import (
	"strings"
	"testing"
	"time"
)

func TestSendSurvey(t *testing.T) {
	shut := then(answered1(), Closed{Reason: ReasonAccepted, At: jan(22)})
	nobody := received1()
	nobody.Complainant = nil
	restricted := received1()
	restricted.Flags = []Flag{FlagContactRestricted}
	sent := SurveySent{Token: "t-1", SentAt: jan(29)}
	send := func(change func(*SurveySent)) func(Context) ([]Event, error) {
		return with(DecideSendSurvey, sent, change)
	}
	decide(t, Settings{}, []decision{
		{"accepted", shut, jan(29), cara, send(nil), ""},
		{"now", shut, jan(29), cara, send(func(e *SurveySent) { e.SentAt = time.Time{} }), ""},
		{"while the case is open", answered1(), jan(29), cara, send(nil), OutOfOrder},
		{"before the closing", shut, jan(22), cara, send(func(e *SurveySent) { e.SentAt = jan(22).Add(-1) }), OutOfOrder},
		{"twice", then(shut, sent), jan(30), cara, send(func(e *SurveySent) { e.SentAt = jan(30) }), BadValueCode},
		{"to nobody", then([]Event{nobody}, shut[1:]...), jan(29), cara, send(nil), BadValueCode},
		{"against a restriction", then([]Event{restricted}, shut[1:]...), jan(29), cara, send(nil), BadValueCode},
	})
}

func TestAnswerSurvey(t *testing.T) {
	shut := then(answered1(), Closed{Reason: ReasonAccepted, At: jan(22)})
	asked := then(shut, SurveySent{Token: "t-1", SentAt: jan(29)})
	answer := func(change func(*AnswerSurvey)) func(Context) ([]Event, error) {
		return with(DecideAnswerSurvey, AnswerSurvey{Answers: SurveyAnswers{Overall: 4, TreatedFairly: 5}, Comment: Plain("thanks")}, change)
	}
	again := func(ctx Context) ([]Event, error) {
		ctx.Survey = &Survey{Events: 1}
		return answer(nil)(ctx)
	}
	for _, tt := range []decision{
		{"accepted", asked, jan(30), pat, answer(nil), ""},
		{"with the token", asked, jan(30), pat, answer(func(a *AnswerSurvey) { a.Token = "t-1" }), ""},
		{"with another token", asked, jan(30), pat, answer(func(a *AnswerSurvey) { a.Token = "t-2" }), BadValueCode},
		{"none sent", shut, jan(30), pat, answer(nil), OutOfOrder},
		{"before it was sent", asked, jan(30), pat, answer(func(a *AnswerSurvey) { a.AnsweredAt = jan(29).Add(-1) }), OutOfOrder},
		{"twice", asked, jan(30), pat, again, BadValueCode},
		{"six of five", asked, jan(30), pat, answer(func(a *AnswerSurvey) { a.Answers.Overall = 6 }), BadValueCode},
		{"nothing", asked, jan(30), pat, answer(func(a *AnswerSurvey) { a.Answers = SurveyAnswers{} }), BadValueCode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events, err := tt.when(at(council(t, Settings{}), tt.now, tt.who, given(t, tt.given...)))
			expect(t, events, err, tt.code)
			for _, e := range events {
				if err := new(Survey).Apply(Recorded{Event: e}); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestSurveyStreamTellsNothing(t *testing.T) {
	one, other := SurveyStream("north", "t-1"), SurveyStream("south", "t-1")
	if one == other || one != SurveyStream("north", "t-1") || strings.Contains(one, "t-1") || !strings.HasPrefix(one, "survey-") {
		t.Errorf("%s, %s", one, other)
	}
}

func TestQuarters(t *testing.T) {
	for day, want := range map[Date]string{
		NewDate(2025, 3, 31): "equality-north-2024-q4", NewDate(2025, 4, 1): "equality-north-2025-q1", NewDate(2025, 6, 30): "equality-north-2025-q1",
		NewDate(2025, 7, 1): "equality-north-2025-q2", NewDate(2025, 12, 31): "equality-north-2025-q3", NewDate(2026, 1, 1): "equality-north-2025-q4",
	} {
		q := QuarterOf(day)
		if got := EqualityStream("north", q); got != want || !day.Midnight().Before(q.End()) || QuarterOf(DateOf(q.End())) == q {
			t.Errorf("%s is in %s, which ends at %s", day, got, q.End())
		}
	}
}

func TestRecordNotification(t *testing.T) {
	sent := NotificationSent{Template: "N15", ToRole: "complainant", Channel: "email", At: jan(23), Result: "sent"}
	shut := then(answered1(), Closed{Reason: ReasonAccepted, At: jan(22)})
	decide(t, Settings{}, []decision{
		{"on a closed case", shut, jan(23), cara, with(DecideRecordNotification, sent, nil), ""},
		{"before the receipt", shut, jan(7), cara, with(DecideRecordNotification, sent, func(e *NotificationSent) { e.At = jan(6).Add(-1) }), OutOfOrder},
		{"no case", nil, jan(23), cara, with(DecideRecordNotification, sent, nil), CaseNotFound},
	})
}
