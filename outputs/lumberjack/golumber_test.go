package lumberjack

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/elastic/go-lumber/log"
	server "github.com/elastic/go-lumber/server/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

func TestMain(m *testing.M) {
	log.Logger = quiet{}
	os.Exit(m.Run())
}

// quiet keeps the server's own log out of the tests' output.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}
func (quiet) Print(...any)          {}

// goLumber starts the protocol's own server, and returns its address and what
// it has received so far.
func goLumber(t *testing.T, l net.Listener, opts ...server.Option) (received func() []string) {
	t.Helper()
	keep := server.JSONDecoder(func(b []byte, into any) error {
		*into.(*any) = string(b)
		return nil
	})
	s, err := server.NewWithListener(l, append(opts, keep)...)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var docs []string
	var receiving sync.WaitGroup
	receiving.Go(func() {
		for batch := range s.ReceiveChan() {
			mu.Lock()
			for _, e := range batch.Events {
				docs = append(docs, e.(string))
			}
			mu.Unlock()
			batch.ACK()
		}
	})
	t.Cleanup(func() {
		s.Close()
		receiving.Wait()
	})
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), docs...)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestGoLumberTakesWhatIsSent(t *testing.T) {
	for name, level := range map[string]int{"plain": 0, "fast": 1, "small": 9} {
		t.Run(name, func(t *testing.T) {
			l := listen(t)
			received := goLumber(t, l)
			o := openTo(t, outputtest.Deps(t), l.Addr().String(), func(c *Config) { c.CompressionLevel = level })
			defer o.Close()
			docs := outputtest.Docs(5000)
			if err := o.Send(t.Context(), request(docs)); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, doc := range received() {
				got = append(got, withoutMetadata(doc))
			}
			if diff := cmp.Diff(got, texts(docs)); diff != "" {
				t.Errorf("received (-got +want):\n%s", diff)
			}
		})
	}
}

// certified returns a listener that speaks TLS, and its certificate's file.
func certified(t *testing.T, change func(*tls.Config)) (l net.Listener, caFile string) {
	t.Helper()
	s := httptest.NewTLSServer(nil) // for its certificate
	s.Close()
	config := &tls.Config{Certificates: s.TLS.Certificates}
	if change != nil {
		change(config)
	}
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(caFile, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.NewListener(listen(t), config), caFile
}

func TestTLS(t *testing.T) {
	l, ca := certified(t, nil)
	received := goLumber(t, l)
	for _, tt := range []struct {
		name   string
		config bool // a person must act
		change func(c *Config)
	}{
		{"verified", false, func(c *Config) { c.CAFile = ca }},
		{"by scheme, not verified", true, func(c *Config) { c.Endpoints[0].URL = "tls://" + c.Endpoints[0].URL }},
		{"verification skipped", false, func(c *Config) { c.Endpoints[0].URL = "tls://" + c.Endpoints[0].URL; c.TLSSkipVerify = true }},
		{"another name", true, func(c *Config) {
			c.CAFile = ca
			c.Endpoints[0].URL = strings.Replace(c.Endpoints[0].URL, "127.0.0.1", "localhost", 1)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(received())
			o := openTo(t, outputtest.Deps(t), l.Addr().String(), tt.change)
			defer o.Close()
			err := o.Send(t.Context(), request(outputtest.Docs(3)))
			var config *outputs.Misconfigured
			if errors.As(err, &config) != tt.config || err == nil == tt.config {
				t.Errorf("send: got %v, want Misconfigured: %t", err, tt.config)
			}
			if got := len(received()) - before; got != 3 && !tt.config || got > 0 && tt.config {
				t.Errorf("received %d documents", got)
			}
		})
	}
}

func TestAServerThatWantsACertificate(t *testing.T) {
	l, ca := certified(t, func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert })
	goLumber(t, l)
	o := openTo(t, outputtest.Deps(t), l.Addr().String(), func(c *Config) { c.CAFile = ca })
	defer o.Close()
	err := o.Send(t.Context(), request(outputtest.Docs(3)))
	var config *outputs.Misconfigured
	if !errors.As(err, &config) {
		t.Errorf("send: got %v, want Misconfigured", err)
	}
}

func TestTLSToAServerWithoutIt(t *testing.T) {
	l := listen(t)
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err == nil {
			io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			c.Close()
		}
	}()
	o := openTo(t, outputtest.Deps(t), "tls://"+l.Addr().String(), nil)
	defer o.Close()
	err := o.Send(t.Context(), request(outputtest.Docs(3)))
	var config *outputs.Misconfigured
	if !errors.As(err, &config) {
		t.Errorf("send: got %v, want Misconfigured", err)
	}
}

func TestKeepalivesOfGoLumber(t *testing.T) {
	l := listen(t)
	s, err := server.NewWithListener(l, server.Keepalive(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	o := openTo(t, outputtest.Deps(t), l.Addr().String(), func(c *Config) { c.Timeout = 1e9 })
	defer o.Close()
	var serving sync.WaitGroup
	serving.Go(func() {
		batch := <-s.ReceiveChan()
		<-time.After(1500 * time.Millisecond)
		batch.ACK()
	})
	if err := o.Send(t.Context(), request(outputtest.Docs(3))); err != nil {
		t.Errorf("send: %v", err)
	}
	serving.Wait()
	s.Close()
}

func TestSkippedVerificationIsSaid(t *testing.T) {
	var said strings.Builder
	d := outputtest.Deps(t)
	d.Logger = slog.New(slog.NewTextHandler(&said, nil))
	openTo(t, d, "tls://localhost", func(c *Config) { c.TLSSkipVerify = true }).Close()
	if !strings.Contains(said.String(), "tls_skip_verify") {
		t.Errorf("logged %q, want a warning", said.String())
	}
}
