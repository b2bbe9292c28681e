package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"redress/eventstore/node"
	"redress/notify"
	"redress/projections/postgres"
)

// parts are the servers that this process runs itself, each in place of an address that no setting named. The rest of
// the program sees the addresses only.
type parts struct {
	folder   *folder
	node     *node.Node
	postgres *postgres.Server
	broker   *notify.Broker
	sockets  string // the folder of our unix sockets, short enough for their 107 bytes
}

// doors are the TCP addresses that an operator has asked for, for outside tools. Empty: none.
type doors struct{ eventStore, nats string }

// startParts takes the data folder and starts what the settings leave to us, filling in their addresses. The broker is
// started only where something is going to use it. On an error everything is stopped again.
func startParts(ctx context.Context, s *settings, open doors, broker bool) (_ *parts, err error) {
	p := &parts{}
	if p.folder, err = openFolder(ctx, s.Data, lockPatience); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.stop())
		}
	}()
	if err = p.folder.unpublish(); err != nil {
		return nil, err
	}
	if p.sockets, err = p.folder.makeSockets(); err != nil {
		return nil, err
	}
	if s.PostgresURL == "" {
		if err = p.startPostgres(ctx, s); err != nil {
			return nil, fmt.Errorf("private PostgreSQL: %w", err)
		}
	}
	s.VaultURL = firstNonEmpty(s.VaultURL, s.PostgresURL)
	if s.EventStoreURL == "" {
		if err = p.startNode(ctx, s, open.eventStore); err != nil {
			return nil, fmt.Errorf("embedded event store: %w", err)
		}
	}
	if s.NATSURL == "" && broker {
		if p.broker, err = notify.StartBroker(ctx, filepath.Join(s.Data, "nats"), notify.Options{Listen: open.nats, Logger: slog.Default()}); err != nil {
			return nil, fmt.Errorf("embedded NATS: %w", err)
		}
	}
	return p, nil
}

func (p *parts) startPostgres(ctx context.Context, s *settings) (err error) {
	p.postgres, err = postgres.Start(ctx, filepath.Join(s.Data, "postgres"), postgres.Options{
		BinDir:  s.PGBin,
		DataDir: s.Data,
		Warn:    func(message string) { slog.Warn(message) },
	})
	if err == nil {
		s.PostgresURL = p.postgres.URL()
	}
	return err
}

func (p *parts) startNode(ctx context.Context, s *settings, listen string) (err error) {
	p.node, err = node.Start(ctx, filepath.Join(s.Data, "log"), node.Options{
		Socket: filepath.Join(p.sockets, nodeSocket),
		Listen: listen,
		Logger: slog.Default(),
	})
	if err == nil {
		s.EventStoreURL = p.node.URL()
	}
	return err
}

// publishedEventStore is how runtime.json names the event store: the TCP door where one is open, else the socket's path.
func (p *parts) publishedEventStore(s settings) string {
	if p.node == nil {
		return s.EventStoreURL
	}
	if url := p.node.TCPURL(); url != "" {
		return url
	}
	return filepath.Join(p.sockets, nodeSocket)
}

// publishedNATS is how runtime.json names the broker, nil unless it can be reached from outside.
func (p *parts) publishedNATS(s settings) *string {
	url := s.NATSURL
	if p.broker != nil {
		url = p.broker.URL()
	}
	if url == "" {
		return nil
	}
	return &url
}

// watch returns when a part has failed, with its fault, or when ctx ends.
func (p *parts) watch(ctx context.Context) error {
	var nodeFailed <-chan error
	var postgresGone <-chan struct{}
	if p.node != nil {
		nodeFailed = p.node.Failed()
	}
	if p.postgres != nil {
		postgresGone = p.postgres.Done()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-nodeFailed:
		return fmt.Errorf("the embedded event store has stopped: %w", err)
	case <-postgresGone:
		return errors.New("the private PostgreSQL has ended; see server.log in its folder")
	}
}

// stop ends what was started, the last first, and leaves the data folder.
func (p *parts) stop() error {
	var faults []error
	if p.broker != nil {
		p.broker.Stop()
	}
	if p.node != nil {
		faults = append(faults, p.node.Stop())
	}
	if p.postgres != nil {
		faults = append(faults, p.postgres.Stop())
	}
	if p.sockets != "" {
		faults = append(faults, os.RemoveAll(p.sockets), os.RemoveAll(socketsPath(p.folder.path)))
	}
	if p.folder != nil {
		faults = append(faults, p.folder.unpublish(), p.folder.close())
	}
	return errors.Join(faults...)
}
