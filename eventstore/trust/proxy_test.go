package trust

import (
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// proxy stands before a server and does to the connections through it what networks do.
type proxy struct{ *toxiproxy.Proxy }

// newProxy starts a proxy before a TCP address. It goes with the test.
func newProxy(t *testing.T, upstream string) proxy {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := proxy{toxiproxy.NewProxy(server, upstream, "127.0.0.1:0", upstream)}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

// cut breaks every connection, and takes new ones at the same address.
func (p proxy) cut() error {
	p.Stop()
	return p.Start()
}
