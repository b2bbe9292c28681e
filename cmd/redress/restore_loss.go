package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"redress/domain"
)

// lossFormat begins FORMAT in a folder that was restored with a loss, until the first start has put the decision into the
// log: the decision itself follows. A program that does not know it takes the folder for another's, and no start can miss it.
const lossFormat = "redress data folder 1, restored with a loss that is not in the log yet\n"

// acceptedLoss is a decision that waits to be put into the log.
type acceptedLoss struct {
	UID  int                 `json:"uid"` // of the operator who restored
	Loss domain.LossAccepted `json:"loss"`
}

// format is the content of FORMAT as long as it waits.
func (a *acceptedLoss) format() ([]byte, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	return append(append([]byte(lossFormat), text...), '\n'), nil
}

// parseFormat reads FORMAT: that of a folder that can be used, with the decision that it may hold.
func parseFormat(text []byte) (loss *acceptedLoss, ours bool) {
	if string(text) == folderFormat {
		return nil, true
	}
	waiting, ok := strings.CutPrefix(string(text), lossFormat)
	if !ok {
		return nil, false
	}
	loss = &acceptedLoss{}
	err := json.Unmarshal([]byte(waiting), loss, json.RejectUnknownMembers(true))
	return loss, err == nil && loss.Loss.LastEvent != uuid.Nil
}

// recordLoss puts the decision with which the folder was restored into the log, before anything is served. A crash before
// the append leaves it where it is; a crash after it has the next start find it in the log.
func (y *system) recordLoss(ctx context.Context) error {
	waiting := y.parts.folder.loss
	if waiting == nil {
		return nil
	}
	operator := domain.Actor{ID: fmt.Sprintf("operator:%d", waiting.UID), Operator: true}
	if err := y.handler.AcceptLoss(ctx, operator, waiting.Loss); err != nil {
		return fmt.Errorf("the loss with which the log was restored: %w", err)
	}
	y.parts.folder.loss = nil
	return writeDurably(filepath.Join(y.settings.Data, "FORMAT"), []byte(folderFormat), 0o644)
}

// lossDecision is what has to be said with --accept-loss.
type lossDecision struct {
	accept     bool
	approvedBy string
	reason     string
}

// check refuses half a decision, and one about nothing.
func (d lossDecision) check(known recorded) error {
	switch {
	case !d.accept && d.approvedBy == "" && d.reason == "":
		return nil
	case !d.accept:
		return errors.New("--approved-by and --reason belong to --accept-loss")
	case known == recorded{}:
		return errors.New("--accept-loss: say with --known what is missing")
	case d.approvedBy == "":
		return errors.New("--accept-loss: say with --approved-by who has decided it")
	case !domain.Term(d.reason).Valid():
		return errors.New("--reason: why, as a code or the number of an incident: 1 to 64 letters, digits, spaces and - _ . /")
	}
	return nil
}

// accepted makes the decision out of what was said, nil where nothing is lost or nothing was decided.
func (r *restoring) accepted() (*acceptedLoss, error) {
	if !r.loses() || !r.decision.accept {
		return nil, nil
	}
	approver, err := r.approver()
	if err != nil {
		return nil, err
	}
	m := r.manifest
	return &acceptedLoss{UID: os.Getuid(), Loss: domain.LossAccepted{
		LastPosition: m.Log.Position, LastEvent: m.Log.EventID, KnownPosition: r.known.Position, KnownEvent: r.known.EventID,
		BackupMadeAt: m.MadeAt, DecidedAt: time.Now().UTC().Truncate(time.Microsecond), Approver: approver, Reason: domain.Term(r.decision.reason),
	}}, nil
}

// approver finds who has decided: a person id as it was given, or the person of an account that the backup holds. Whoever
// came to the council after the backup has no account in it, and gives the id.
func (r *restoring) approver() (id uuid.UUID, err error) {
	if id, err := uuid.Parse(r.decision.approvedBy); err == nil {
		return id, nil
	}
	err = readFile(filepath.Join(r.dir, accountsFile), func(from io.Reader) error {
		lines := bufio.NewReader(from)
		for {
			line, err := lines.ReadBytes('\n')
			if errors.Is(err, io.EOF) && len(line) == 0 {
				return usageError{fmt.Errorf("--approved-by: the backup has no account %q; give the person id", r.decision.approvedBy)}
			}
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			var row struct {
				Table string `json:"table"`
				Row   struct {
					Name    string    `json:"name"`
					ActorID uuid.UUID `json:"actor_id"`
				} `json:"row"`
			}
			if err := json.Unmarshal(line, &row); err != nil {
				return fmt.Errorf("%s: %w", accountsFile, err)
			}
			if row.Table == "accounts" && row.Row.Name == r.decision.approvedBy {
				id = row.Row.ActorID
				return nil
			}
		}
	})
	return id, err
}
