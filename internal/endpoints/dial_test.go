package endpoints

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/renthub/sluice/internal/config"
)

func tcpDeps() Deps {
	d := testDeps()
	d.Schemes, d.Port = []string{"tcp", "tls"}, "5044"
	return d
}

func TestDialSpeaksTLSWhereItIsAskedTo(t *testing.T) {
	root := newAuthority(t, "root", nil)
	server := serverOf(root)
	at := listen(t, func(c net.Conn) {
		s := tls.Server(c, server)
		_, _ = io.Copy(s, s)
	})
	c := testConfig("tls://" + at)
	c.CAFile = fileOf(t, "ca.pem", certPEM(root.cert.Raw))
	g := openGroup(t, c, tcpDeps())
	conn, e, err := g.Dial(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := conn.(interface{ NetConn() net.Conn }).NetConn().(*tls.Conn); !ok || e.Name() != at {
		t.Errorf("got no TLS, to %s", e.Name())
	}
	got := make([]byte, 4)
	if _, err := io.WriteString(conn, "ping"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "ping" {
		t.Errorf("got %q, %v, want ping", got, err)
	}
	if got := g.Status()[0].InFlight; got != 1 {
		t.Errorf("open: got %d in flight, want 1", got)
	}
	_ = conn.Close()
	_ = conn.Close()
	if got := g.Status()[0].InFlight; got != 0 {
		t.Errorf("closed twice: got %d in flight, want 0", got)
	}
}

// A port can be open before a dead server: a connection alone is no success.
func TestWhatIsReportedDecidesAndNotTheConnection(t *testing.T) {
	at := listen(t, func(net.Conn) {})
	c := testConfig(at, "127.0.0.1:1")
	c.Breaker.Failures = 2
	c.Breaker.CoolDown, c.Breaker.MaxCoolDown = config.Duration(time.Minute), config.Duration(time.Minute)
	g := openGroup(t, c, tcpDeps())
	for range 10 {
		conn, e, err := g.Dial(t.Context(), "")
		if err != nil {
			continue
		}
		_ = conn.Close()
		g.Report(e, Failed, errors.New("no answer"))
	}
	for _, s := range g.Status() {
		if s.State != "open" {
			t.Errorf("%s: got %s, want open", s.Name, s.State)
		}
	}
}

func TestANewConnectionAvoidsTheEndpointThatFailed(t *testing.T) {
	a, b := listen(t, func(net.Conn) {}), listen(t, func(net.Conn) {})
	g := openGroup(t, testConfig(a, b), tcpDeps())
	conn, first, err := g.Dial(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	g.Report(first, Failed, errors.New("reset"))
	for range 3 {
		conn, e, err := g.Dial(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		if e == first {
			t.Errorf("got %s again, want the other", e.Name())
		}
	}
}

func TestAnAddressOfAnotherServerIsReachedInTheSameWay(t *testing.T) {
	root := newAuthority(t, "root", nil)
	server := serverOf(root)
	at := listen(t, func(c net.Conn) {
		s := tls.Server(c, server)
		_, _ = io.Copy(s, s)
	})
	c := testConfig("tls://127.0.0.1:1")
	c.CAFile = fileOf(t, "ca.pem", certPEM(root.cert.Raw))
	g := openGroup(t, c, tcpDeps())
	conn, err := g.DialAddress(t.Context(), at, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if s := g.Status()[0]; s.InFlight != 0 || s.LastError != "" {
		t.Errorf("got %+v, want an endpoint that was not touched", s)
	}
	if _, err := g.DialAddress(t.Context(), "127.0.0.1:1", true); err == nil {
		t.Error("nothing listens: got no error")
	}
}

func TestAHandshakeThatHangsIsLeft(t *testing.T) {
	at := listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	c := testConfig("tls://" + at)
	c.ConnectTimeout = config.Duration(100 * time.Millisecond)
	g := openGroup(t, c, tcpDeps())
	start := time.Now()
	if _, _, err := g.Dial(t.Context(), ""); err == nil || time.Since(start) > 5*time.Second {
		t.Errorf("got %v after %v, want an error after 200ms", err, time.Since(start))
	}
}
