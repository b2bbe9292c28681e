package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/goccy/go-yaml"
)

// settings is the configuration of one process. Every field comes from the environment variable of its name with
// REDRESS_ in front, else from the strict YAML file (REDRESS_CONFIG, else redress.yaml in the data folder), else from
// its default. Nothing here decides a case: what does comes from the log.
type settings struct {
	Data              string `env:"DATA" yaml:"data"`                               // the data folder; ./data by default
	Listen            string `env:"LISTEN" yaml:"listen"`                           // web address; 127.0.0.1 and a free port by default
	PublicURL         string `env:"PUBLIC_URL" yaml:"public_url"`                   // how browsers reach us when something stands in front
	EventStoreURL     string `env:"EVENTSTORE_URL" yaml:"eventstore_url"`           // esdb://…; empty: the embedded node
	PostgresURL       string `env:"POSTGRES_URL" yaml:"postgres_url"`               // postgres://…; empty: the private server
	VaultURL          string `env:"VAULT_URL" yaml:"vault_url"`                     // postgres://…; empty: the same as Postgres
	NATSURL           string `env:"NATS_URL" yaml:"nats_url"`                       // nats://…; empty: the server in process
	KEKFile           string `env:"KEK_FILE" yaml:"kek_file"`                       // the key-encryption key; `kek` in the data folder by default
	PGBin             string `env:"PG_BIN" yaml:"pg_bin"`                           // folder of PostgreSQL's programs; searched for by default
	Tenant            string `env:"TENANT" yaml:"tenant"`                           // [a-z0-9]{1,32}; `council` by default
	SMTPURL           string `env:"SMTP_URL" yaml:"smtp_url"`                       // smtp://…; empty: no mail is sent
	MailFrom          string `env:"MAIL_FROM" yaml:"mail_from"`                     // sender of mail
	WebhookURL        string `env:"WEBHOOK_URL" yaml:"webhook_url"`                 // https://…; empty: no webhook is called
	WebhookSecretFile string `env:"WEBHOOK_SECRET_FILE" yaml:"webhook_secret_file"` // file with the signing secret (whsec_…)
	LogLevel          string `env:"LOG_LEVEL" yaml:"log_level"`                     // debug, info, warn, error; info by default
	OTLPURL           string `env:"OTLP_URL" yaml:"otlp_url"`                       // where traces go; empty: nowhere

	// attached is set when the addresses come from the runtime.json of a running serve.
	attached bool
}

var tenantName = regexp.MustCompile(`^[a-z0-9]{1,32}$`)

// loadSettings reads file and environment. A data folder given on the command line wins over both.
func loadSettings(data string) (settings, error) {
	var s settings
	var fromEnv settings
	if err := env.ParseWithOptions(&fromEnv, envNames); err != nil {
		return s, usageError{err}
	}
	folder := firstNonEmpty(data, fromEnv.Data, "data")
	file := firstNonEmpty(os.Getenv("REDRESS_CONFIG"), filepath.Join(folder, "redress.yaml"))
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && os.Getenv("REDRESS_CONFIG") == "":
	case err != nil:
		return s, fmt.Errorf("settings: %w", err)
	default:
		if err := yaml.UnmarshalWithOptions(text, &s, yaml.Strict()); err != nil {
			// Without the lines themselves: an address may hold a password.
			return s, usageError{fmt.Errorf("settings: %s: %s", file, yaml.FormatError(err, false, false))}
		}
	}
	if err := env.ParseWithOptions(&s, envNames); err != nil {
		return s, usageError{err}
	}
	s.Data = firstNonEmpty(data, s.Data, "data")
	if s.Data, err = filepath.Abs(s.Data); err != nil {
		return s, err
	}
	s.Tenant = firstNonEmpty(s.Tenant, "council")
	s.KEKFile = firstNonEmpty(s.KEKFile, filepath.Join(s.Data, "kek"))
	return s, s.validate()
}

// envNames says how the variables are named.
var envNames = env.Options{Prefix: "REDRESS_"}

// noSettings are the other variables that mean something. Those that begin with REDRESS_TEST_ are for tests.
var noSettings = []string{"REDRESS_CONFIG", "REDRESS_TOKEN", "REDRESS_VULNDB"}

// unknownSettings returns the names of the variables in environ that begin with REDRESS_ and mean nothing here, such as
// one that is misspelt.
func unknownSettings(environ []string) ([]string, error) {
	fields, err := env.GetFieldParamsWithOptions(&settings{}, envNames)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, envNames.Prefix) || strings.HasPrefix(name, envNames.Prefix+"TEST_") || slices.Contains(noSettings, name) {
			continue
		}
		if !slices.ContainsFunc(fields, func(f env.FieldParams) bool { return f.Key == name }) {
			names = append(names, name)
		}
	}
	return names, nil
}

// validate refuses what could only fail later, and names the setting.
func (s settings) validate() error {
	if !tenantName.MatchString(s.Tenant) {
		return usageError{errors.New("REDRESS_TENANT: must be 1 to 32 lower-case letters and digits")}
	}
	if s.EventStoreURL != "" && s.PostgresURL == "" {
		return usageError{errors.New("REDRESS_EVENTSTORE_URL: an external event store needs an external PostgreSQL; set REDRESS_POSTGRES_URL too")}
	}
	for name, value := range map[string]string{"POSTGRES_URL": s.PostgresURL, "VAULT_URL": s.VaultURL, "NATS_URL": s.NATSURL, "SMTP_URL": s.SMTPURL, "WEBHOOK_URL": s.WebhookURL, "PUBLIC_URL": s.PublicURL} {
		if value == "" {
			continue
		}
		if u, err := url.Parse(value); err != nil || u.Scheme == "" {
			return usageError{fmt.Errorf("REDRESS_%s: is no URL", name)}
		}
	}
	if s.LogLevel != "" && !strings.Contains(" debug info warn error ", " "+s.LogLevel+" ") {
		return usageError{errors.New("REDRESS_LOG_LEVEL: must be debug, info, warn or error")}
	}
	return nil
}

func firstNonEmpty(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}
