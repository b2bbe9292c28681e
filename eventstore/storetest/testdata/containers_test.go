// This file takes the place of the file of the same name among the tests of EventStore-Client-Go v4.2.0: where that
// one starts a server in a container, this one starts `redress node`. Nothing else of those tests is changed.
package esdb_test

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goombaio/namegenerator"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

var NAME_GENERATOR = namegenerator.NewNameGenerator(0)

// Container is a node of its own, in a fresh folder.
type Container struct {
	Endpoint string
	process  *exec.Cmd
}

// Close ends the node. Its folder goes with the test.
func (c *Container) Close() {
	if err := c.process.Process.Signal(os.Interrupt); err != nil {
		panic(err)
	}
	if err := c.process.Wait(); err != nil {
		panic(err)
	}
}

func GetEnvOrDefault(key, otherwise string) string {
	if value, ok := os.LookupEnv(key); ok {
		return value
	}
	return otherwise
}

func IsESDBVersion20() bool { return false }

// getRootDir is asked by the tests of client certificates, which need TLS.
func getRootDir() (string, error) { return "..", nil }

// WaitForAdminToBeAvailable is asked by a test that needs TLS. A node has answered before it is known to anybody.
func WaitForAdminToBeAvailable(*testing.T, *esdb.Client) {}

// issueAuthority makes the certificate that a test of connection strings names, which the original makes with a tool.
func issueAuthority(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true},
		&x509.Certificate{}, public, private)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "certs", "ca", "ca.crt")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func CreateEmptyDatabase(t *testing.T) (*Container, *esdb.Client) {
	issueAuthority(t)
	program := os.Getenv("REDRESS")
	if program == "" {
		t.Fatal("REDRESS is not set to the program")
	}
	process := exec.Command(program, "node", "--test-mode", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	process.Stderr = os.Stderr
	output, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	fields := strings.Fields(line)
	if err != nil || len(fields) < 2 || fields[0] != "ready" {
		t.Fatalf("the node says %q: %v", line, err)
	}
	address, err := url.Parse(fields[1])
	if err != nil {
		t.Fatal(err)
	}
	container := &Container{Endpoint: address.Host, process: process}
	return container, GetClient(t, container)
}

// CreatePopulatedDatabase stands in for the prepared data set, whose 20 MB come in an image: the one stream of it that
// tests ask for without knowing its events, with as many events as they expect.
func CreatePopulatedDatabase(t *testing.T) (*Container, *esdb.Client) {
	container, client := CreateEmptyDatabase(t)
	const count, batch = 6_000, 500
	for n := 0; n < count; n += batch {
		var events []esdb.EventData
		for i := 0; i < batch; i++ {
			events = append(events, createTestEvent())
		}
		if _, err := client.AppendToStream(context.Background(), "dataset20M-0", esdb.AppendToStreamOptions{}, events...); err != nil {
			t.Fatal(err)
		}
	}
	return container, client
}

func GetClient(t *testing.T, container *Container) *esdb.Client {
	return CreateClient(fmt.Sprintf("esdb://%s?tls=false", container.Endpoint), t)
}

func CreateClient(text string, t *testing.T) *esdb.Client {
	config, err := esdb.ParseConnectionString(text)
	if err != nil {
		t.Fatal(err)
	}
	client, err := esdb.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}
