package story

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"redress/commands"
	"redress/eventstore"
	"redress/eventstore/node"
	"redress/eventstore/vault"
	"redress/projections"
	"redress/projections/postgres"
)

// side is how many stories play side by side.
const side = 2

// tenant is the council of every story.
const tenant = "council"

// template is the database from which every sandbox's is made: it has the tables of vault and projections, and they are
// empty.
const template = "story_template"

// Theatre is what all stories share: a private PostgreSQL in a temporary folder.
type Theatre struct {
	// Do, where it is set before the first story, answers every command of a story's steps in place of the sandbox's
	// handler, and must answer as that would.
	Do func(context.Context, *commands.Handler, commands.Request) (commands.Answer, error)

	dir    string
	server *postgres.Server
	admin  *pgxpool.Pool
	base   *url.URL // the server, as the role that owns the databases
	made   atomic.Int64
}

// Open starts the server and makes the template. The context bounds the opening only; [Theatre.Close] ends it. binDir is
// where PostgreSQL's programs are; empty: the usual places.
func Open(ctx context.Context, binDir string) (_ *Theatre, err error) {
	t := &Theatre{}
	if t.dir, err = os.MkdirTemp("", "redress-story-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.Close())
		}
	}()
	t.server, err = postgres.Start(ctx, filepath.Join(t.dir, "postgres"), postgres.Options{
		BinDir: binDir, DataDir: t.dir, FastUnsafe: true,
	})
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL: %w", err)
	}
	if t.base, err = url.Parse(t.server.URL()); err != nil {
		return nil, err
	}
	if t.admin, err = pgxpool.New(context.WithoutCancel(ctx), t.server.AdminURL()); err != nil {
		return nil, err
	}
	if err = t.makeTemplate(ctx); err != nil {
		return nil, fmt.Errorf("the template of the stories' databases: %w", err)
	}
	return t, nil
}

// Close stops the server and removes everything that the stories used.
func (t *Theatre) Close() error {
	var faults []error
	if t.admin != nil {
		t.admin.Close()
	}
	if t.server != nil {
		faults = append(faults, t.server.Stop())
	}
	return errors.Join(append(faults, os.RemoveAll(t.dir))...)
}

// Play plays the stories, two at a time, and returns their results in the same order. report is told after each how many
// have been played, one call at a time; it may be nil. What fails in one story's sandbox fails that story only; an error
// says that the playing was broken off.
func (t *Theatre) Play(ctx context.Context, stories []*Story, trace bool, report func(played int)) ([]Result, error) {
	results := make([]Result, len(stories))
	var played int
	var reporting sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(side)
	for i, s := range stories {
		group.Go(func() error {
			result, err := t.play(ctx, s, trace)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				result.add(beyond(s, fmt.Sprintf("the sandbox failed: %v", err)))
			}
			results[i] = result
			if report != nil {
				reporting.Lock()
				defer reporting.Unlock()
				played++
				report(played)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return results, nil
}

// makeTemplate makes the tables once, by starting the parts on an empty log.
func (t *Theatre) makeTemplate(ctx context.Context) (err error) {
	if err := t.exec(ctx, "create database "+template+" template template0 strategy wal_log owner redress"); err != nil {
		return err
	}
	if err := projections.Migrate(ctx, t.address(template)); err != nil {
		return err
	}
	p, err := t.startParts(ctx, template)
	if err != nil {
		return err
	}
	return errors.Join(projections.Rebuild(ctx, p.pool, p.store, tenant, nil), p.stop())
}

func (t *Theatre) exec(ctx context.Context, statement string) error {
	_, err := t.admin.Exec(ctx, statement)
	return err
}

// address is the connection string of a database of the server.
func (t *Theatre) address(database string) string {
	own := *t.base
	own.Path = "/" + database
	return own.String()
}

// parts are the servers and connections of one sandbox.
type parts struct {
	dir   string // of the log, and the node's socket
	node  *node.Node
	vault *vault.Vault
	store *eventstore.Store
	pool  *pgxpool.Pool
}

// startParts starts a node in a folder of its own and connects it to a database. On an error everything is stopped again.
func (t *Theatre) startParts(ctx context.Context, database string) (_ *parts, err error) {
	p := &parts{}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.stop())
		}
	}()
	if p.dir, err = os.MkdirTemp(t.dir, "s"); err != nil {
		return nil, err
	}
	socket := filepath.Join(p.dir, "node")
	if p.node, err = node.Start(ctx, filepath.Join(p.dir, "log"), node.Options{Socket: socket}); err != nil {
		return nil, fmt.Errorf("embedded event store: %w", err)
	}
	if p.vault, err = vault.Open(ctx, t.address(database), filepath.Join(t.dir, "kek")); err != nil {
		return nil, err
	}
	if p.store, err = eventstore.Open(ctx, eventstore.Config{URL: socket, Tenant: tenant, Vault: p.vault}); err != nil {
		return nil, fmt.Errorf("event store: %w", err)
	}
	if p.pool, err = pgxpool.New(context.WithoutCancel(ctx), t.address(database)); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return p, nil
}

// stop ends what was started, and removes the folder.
func (p *parts) stop() error {
	var faults []error
	if p.store != nil {
		p.store.Close()
	}
	if p.pool != nil {
		p.pool.Close()
	}
	if p.vault != nil {
		p.vault.Close()
	}
	if p.node != nil {
		faults = append(faults, p.node.Stop())
	}
	if p.dir != "" {
		faults = append(faults, os.RemoveAll(p.dir))
	}
	return errors.Join(faults...)
}

// quiet takes what the parts of a sandbox have to say. Whatever matters comes back as an error.
var quiet = slog.New(slog.DiscardHandler)
