package domain

// Reason codes. Each is permanent. The suffix Code stands where the plain name means something else in this package.
const (
	BadValueCode     Code = "BAD_VALUE"
	UnknownFieldCode Code = "UNKNOWN_FIELD"
	MissingFieldCode Code = "MISSING_FIELD"
	NotPermitted     Code = "NOT_PERMITTED"
	CaseNotFound     Code = "CASE_NOT_FOUND"
	UnknownCommand   Code = "UNKNOWN_COMMAND"
	StaleRevision    Code = "STALE_REVISION"
	CommandIDReused  Code = "COMMAND_ID_REUSED"
	CaseClosed       Code = "CASE_CLOSED"
	FutureDated      Code = "FUTURE_DATED"
	BackdateReason   Code = "BACKDATE_REASON"
	OutOfOrder       Code = "OUT_OF_ORDER"

	ProcedureKind         Code = "PROCEDURE_KIND"
	ProcedureNotEffective Code = "PROCEDURE_NOT_EFFECTIVE"
	UnknownCode           Code = "UNKNOWN_CODE"

	AlreadyAcknowledged     Code = "ALREADY_ACKNOWLEDGED"
	OmbudsmanDetailsMissing Code = "OMBUDSMAN_DETAILS_MISSING"
	DueQuotedWrong          Code = "DUE_QUOTED_WRONG"

	OfficerSubject      Code = "OFFICER_SUBJECT"
	OfficerNotDifferent Code = "OFFICER_NOT_DIFFERENT"
	OfficerNotSenior    Code = "OFFICER_NOT_SENIOR"
	OfficerService      Code = "OFFICER_SERVICE"
	NotTrained          Code = "NOT_TRAINED"

	NotAllocated          Code = "NOT_ALLOCATED"
	FindingsIncomplete    Code = "FINDINGS_INCOMPLETE"
	OutcomeMismatch       Code = "OUTCOME_MISMATCH"
	ResponseIncomplete    Code = "RESPONSE_INCOMPLETE"
	RemedyNotApproved     Code = "REMEDY_NOT_APPROVED"
	AuthorNotStageOfficer Code = "AUTHOR_NOT_STAGE_OFFICER"
	ConsentMissing        Code = "CONSENT_MISSING"
	PanelNotReported      Code = "PANEL_NOT_REPORTED"
	CaseSuspended         Code = "CASE_SUSPENDED"

	NoNextStage      Code = "NO_NEXT_STAGE"
	StageNotAnswered Code = "STAGE_NOT_ANSWERED"
	ReasonsRequired  Code = "REASONS_REQUIRED"
	WindowClosed     Code = "WINDOW_CLOSED"
	NotComplainant   Code = "NOT_COMPLAINANT"

	RemedyStateCode Code = "REMEDY_STATE"
	AmountRequired  Code = "AMOUNT_REQUIRED"
	AmountChanged   Code = "AMOUNT_CHANGED"
	AmountDiffers   Code = "AMOUNT_DIFFERS"
	LimitExceeded   Code = "LIMIT_EXCEEDED"
	NoUpheldIssue   Code = "NO_UPHELD_ISSUE"
	DeliverByPast   Code = "DELIVER_BY_PAST"

	EvidenceRequired Code = "EVIDENCE_REQUIRED"
	SelfApproval     Code = "SELF_APPROVAL"
	SelfVerification Code = "SELF_VERIFICATION"

	EarlyNotAgreed  Code = "EARLY_NOT_AGREED"
	AlreadyWithBody Code = "ALREADY_WITH_BODY"

	ExtNotLater        Code = "EXT_NOT_LATER"
	ExtNoReason        Code = "EXT_NO_REASON"
	ExtNoNotice        Code = "EXT_NO_NOTICE"
	ExtAfterDue        Code = "EXT_AFTER_DUE"
	ExtOverCap         Code = "EXT_OVER_CAP"
	ExtOverSoftCap     Code = "EXT_OVER_SOFT_CAP"
	ExtPastGuard       Code = "EXT_PAST_GUARD"
	ExtNotDiscussed    Code = "EXT_NOT_DISCUSSED"
	ExtNotAgreed       Code = "EXT_NOT_AGREED"
	ClockNotExtendable Code = "CLOCK_NOT_EXTENDABLE"

	CalendarCoverage Code = "CALENDAR_COVERAGE"

	IssueUnknown  Code = "ISSUE_UNKNOWN"
	StageAnswered Code = "STAGE_ANSWERED"

	RemedyOutstanding   Code = "REMEDY_OUTSTANDING"
	ResponseOutstanding Code = "RESPONSE_OUTSTANDING"

	AlreadyResponded    Code = "ALREADY_RESPONDED"
	ExplanationMissing  Code = "EXPLANATION_MISSING"
	RightNotGiven       Code = "RIGHT_NOT_GIVEN"
	ConsultationMissing Code = "CONSULTATION_MISSING"
	FactorsMissing      Code = "FACTORS_MISSING"
	NoticeRequired      Code = "NOTICE_REQUIRED"

	WouldDelayReason Code = "WOULD_DELAY_REASON"
	AlreadySuspended Code = "ALREADY_SUSPENDED"
	NotSuspended     Code = "NOT_SUSPENDED"
	GroundRequired   Code = "GROUND_REQUIRED"
	NotInformal      Code = "NOT_INFORMAL"
	NotSatisfied     Code = "NOT_SATISFIED"
	ReasonsMissing   Code = "REASONS_MISSING"

	NotIndependent    Code = "NOT_INDEPENDENT"
	SamePerson        Code = "SAME_PERSON"
	PanelComposition  Code = "PANEL_COMPOSITION"
	IPOnPanel         Code = "IP_ON_PANEL"
	AbsenceUndecided  Code = "ABSENCE_UNDECIDED"
	Stage2NotAnswered Code = "STAGE2_NOT_ANSWERED"
	NotDiscussed      Code = "NOT_DISCUSSED"

	LegalHold        Code = "LEGAL_HOLD"
	OpenCase         Code = "OPEN_CASE"
	RetentionRunning Code = "RETENTION_RUNNING"
)

// Reason is an entry of the catalogue of reason codes.
type Reason struct {
	Code    Code
	Class   Class
	Meaning string // one line for a person
}

// Codes is the catalogue: every code with which a command may be refused. A code that is not in it is a fault.
var Codes = []Reason{
	{BadValueCode, Invalid, "a field has a value that it may not have, or the command cannot be read"},
	{UnknownFieldCode, Invalid, "the command has a field that does not exist or is never sent"},
	{MissingFieldCode, Invalid, "a field that has to be there is not"},
	{NotPermitted, Forbidden, "the actor has no right to this"},
	{CaseNotFound, Missing, "there is no such case, or not for this actor"},
	{UnknownCommand, Missing, "there is no such command"},
	{StaleRevision, Stale, "the stream has moved on since it was read"},
	{CommandIDReused, Refused, "the command id was used before with another body"},
	{CaseClosed, Refused, "the case is closed and this is not among what may still happen to it"},
	{FutureDated, Refused, "the moment given is more than five minutes ahead"},
	{BackdateReason, Refused, "the moment given is more than two working days ago and no backdate_reason says why"},
	{OutOfOrder, Refused, "the moment given is before the event on which this one depends"},
	{ProcedureKind, Refused, "the procedure does not take this kind of feedback"},
	{ProcedureNotEffective, Refused, "the procedure was not in force when the matter was received"},
	{UnknownCode, Refused, "the code is not in the list that the council has adopted"},
	{AlreadyAcknowledged, Refused, "the stage has been acknowledged"},
	{OmbudsmanDetailsMissing, Refused, "the procedure asks for the Ombudsman's details and they are not given"},
	{DueQuotedWrong, Refused, "the promised date is not the due date"},
	{OfficerSubject, Refused, "the officer is named in an issue of the case"},
	{OfficerNotDifferent, Refused, "the officer has dealt with a stage from which the procedure asks for a different one"},
	{OfficerNotSenior, Refused, "the officer is not senior enough"},
	{OfficerService, Refused, "the officer's service does not cover the case"},
	{NotTrained, Refused, "the investigating officer is not trained"},
	{NotAllocated, Refused, "nobody has been allocated to the stage"},
	{FindingsIncomplete, Refused, "an issue in dispute has no finding at this stage"},
	{OutcomeMismatch, Refused, "the outcome does not follow from the findings"},
	{ResponseIncomplete, Refused, "the response lacks something that the procedure asks for"},
	{RemedyNotApproved, Refused, "the remedy needs an approval that it does not have"},
	{AuthorNotStageOfficer, Refused, "the author is not the officer of the stage"},
	{ConsentMissing, Refused, "the person concerned has not consented"},
	{PanelNotReported, Refused, "the review panel has not reported"},
	{CaseSuspended, Refused, "the case is suspended"},
	{NoNextStage, Refused, "the procedure has no such next stage"},
	{StageNotAnswered, Refused, "the stage has not been answered, and the ground given does not excuse that"},
	{ReasonsRequired, Refused, "the procedure asks for reasons"},
	{WindowClosed, Refused, "the time for asking has passed"},
	{NotComplainant, Refused, "who asks is neither a party nor a representative with consent"},
	{RemedyStateCode, Refused, "the remedy does not stand where this is possible"},
	{AmountRequired, Refused, "a financial remedy needs an amount"},
	{AmountChanged, Refused, "the amount is not the one that was proposed or approved"},
	{AmountDiffers, Refused, "another amount was paid than offered, and no note says why"},
	{LimitExceeded, Refused, "the amount is over what the approver may approve"},
	{NoUpheldIssue, Refused, "none of the issues was upheld"},
	{DeliverByPast, Refused, "the day of delivery has passed"},
	{EvidenceRequired, Refused, "there is no evidence"},
	{SelfApproval, Refused, "nobody approves what is their own"},
	{SelfVerification, Refused, "the owner does not verify a learning action"},
	{EarlyNotAgreed, Refused, "no early referral has been agreed"},
	{AlreadyWithBody, Refused, "that ombudsman has the case"},
	{ExtNotLater, Refused, "the new due date is not later than the one in force"},
	{ExtNoReason, Refused, "the extension lacks a reason, or something that the procedure asks for"},
	{ExtNoNotice, Refused, "the complainant has not been told"},
	{ExtAfterDue, Refused, "the due date has passed"},
	{ExtOverCap, Refused, "the new due date is beyond the hard limit"},
	{ExtOverSoftCap, Refused, "the new due date is beyond the soft limit without a good reason and approval"},
	{ExtPastGuard, Refused, "the new due date is beyond the legal limit behind the clock"},
	{ExtNotDiscussed, Refused, "the extension has not been discussed with the complainant"},
	{ExtNotAgreed, Refused, "the complainant has not agreed"},
	{ClockNotExtendable, Refused, "the clock cannot be extended, or does not run"},
	{CalendarCoverage, Refused, "the calendar has not been published that far, and is not guessed"},
	{IssueUnknown, Refused, "the case has no such issue"},
	{StageAnswered, Refused, "the stage has been answered"},
	{RemedyOutstanding, Refused, "a remedy has not been delivered"},
	{ResponseOutstanding, Refused, "a stage has not been answered"},
	{AlreadyResponded, Refused, "the case has been answered"},
	{ExplanationMissing, Refused, "the explanation is missing"},
	{RightNotGiven, Refused, "the complainant has not been told of the right to go to the Ombudsman"},
	{ConsultationMissing, Refused, "nobody was consulted"},
	{FactorsMissing, Refused, "no factor was weighed"},
	{NoticeRequired, Refused, "the complainant has not been told of the refusal"},
	{WouldDelayReason, Refused, "a new case for further matters needs the reason why joining them would delay the answer"},
	{AlreadySuspended, Refused, "the case, or the issue, is suspended already"},
	{NotSuspended, Refused, "nothing is suspended"},
	{GroundRequired, Refused, "a suspension needs a ground that the procedure lists"},
	{NotInformal, Refused, "the case is in no informal stage"},
	{NotSatisfied, Refused, "the person is not satisfied"},
	{ReasonsMissing, Refused, "a refusal needs reasons"},
	{NotIndependent, Refused, "somebody who has to be independent of the council is not"},
	{SamePerson, Refused, "two parts that need two people are given to one"},
	{PanelComposition, Refused, "a review panel is three different people, one of them chair"},
	{IPOnPanel, Refused, "the independent person of the investigation does not sit on the panel"},
	{AbsenceUndecided, Refused, "the complainant was not there and the chair has decided nothing"},
	{Stage2NotAnswered, Refused, "no stage that may lead early to the Ombudsman has been answered"},
	{NotDiscussed, Refused, "the early referral has not been discussed with the complainant"},
	{LegalHold, Refused, "a case of this person is under legal hold"},
	{OpenCase, Refused, "the person is party to an open case"},
	{RetentionRunning, Refused, "the time for which the record must be kept has not passed"},
}

// Class returns the class that the catalogue gives for the code, and [Refused] for a code that is not in it.
func (c Code) Class() Class {
	for _, reason := range Codes {
		if reason.Code == c {
			return reason.Class
		}
	}
	return Refused
}
