package http

import (
	"bytes"
	"encoding/pem"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/outputs/outputtest"
)

// A server or proxy that shows what it was sent must not put secrets into our
// logs and dead letters.
func TestSecretsAreNotRepeated(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"a header": func(c *Config) { c.Headers = map[string]config.Secret{"X-Key": config.NewSecret("canary")} },
		"a query":  func(c *Config) { c.Query = map[string]config.Secret{"key": config.NewSecret("canary")} },
		"bearer":   func(c *Config) { c.Token = config.NewSecret("canary") },
		"basic":    func(c *Config) { c.Username = "ann"; c.Password = config.NewSecret("canary") },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCollector(t)
			o := opened(t, c, change)
			c.every(func(w nethttp.ResponseWriter, r *nethttp.Request) {
				w.WriteHeader(400)
				io.WriteString(w, "you sent "+r.URL.String()+r.Header.Get("X-Key")+r.Header.Get("Authorization")+" canary")
			})
			err := send(t, o, outputtest.Docs(1))
			if err == nil || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "YW5u") || !strings.Contains(err.Error(), "you sent") {
				t.Errorf("send: got %v, want the server's words without secrets", err)
			}
		})
	}
}

func TestARotatedSecretIsReadAfterARefusal(t *testing.T) {
	c := newCollector(t)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded := loadConfig(t, `
output "http" "x" {
  endpoints = ["`+c.URL+`"]
  headers   = { "X-Key" = file("`+file+`") }
  status    = { poison = ["422"] }
}`)
	o, err := open(*loaded, outputtest.Deps(t))
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	c.every(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		if r.Header.Get("X-Key") != "new" {
			w.WriteHeader(403)
		}
	})
	if err := os.WriteFile(file, []byte("new\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := kind(send(t, o, outputtest.Docs(1))); got != "config" {
		t.Errorf("with the old secret: got %s, want config", got)
	}
	if err := send(t, o, outputtest.Docs(1)); err != nil {
		t.Errorf("with the new one: %v", err)
	}
}

func TestALongAnswerIsNotReadToItsEnd(t *testing.T) {
	c := newCollector(t)
	o := opened(t, c, nil)
	for _, code := range []int{200, 500} {
		written := make(chan int, 1)
		c.next(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			io.Copy(io.Discard, r.Body)
			w.WriteHeader(code)
			n, chunk := 0, bytes.Repeat([]byte("x"), 64<<10)
			for n < 64<<20 {
				k, err := w.Write(chunk)
				if n += k; err != nil {
					break
				}
			}
			written <- n
		})
		err := send(t, o, outputtest.Docs(1))
		if (err == nil) != (code == 200) {
			t.Errorf("status %d: got %v", code, err)
		}
		if err != nil && len(err.Error()) > 2*maxReason {
			t.Errorf("status %d: the error has %d bytes", code, len(err.Error()))
		}
		if got := <-written; got >= 64<<20 {
			t.Errorf("status %d: all of the answer was read", code)
		}
	}
}

func TestASlowAnswerEndsWithTheTimeout(t *testing.T) {
	c := newCollector(t)
	o := opened(t, c, func(c *Config) { c.Timeout = config.Duration(time.Second) })
	c.next(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(200)
		w.(nethttp.Flusher).Flush()
		<-r.Context().Done()
	})
	start := time.Now()
	err := send(t, o, outputtest.Docs(1))
	if kind(err) != "retry" || time.Since(start) > 5*time.Second {
		t.Errorf("got %v after %v, want an error that means retry after 1s", err, time.Since(start))
	}
}

func TestUnverifiedCertificates(t *testing.T) {
	s := httptest.NewTLSServer(nethttp.HandlerFunc(func(nethttp.ResponseWriter, *nethttp.Request) {}))
	defer s.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		"config": nil,
		"taken":  func(c *Config) { c.CAFile = ca },
	} {
		o := openTo(t, outputtest.Deps(t), s.URL, change)
		if got := kind(send(t, o, outputtest.Docs(1))); got != want {
			t.Errorf("send: got %s, want %s", got, want)
		}
		o.Close()
	}
	plain := newCollector(t)
	o := openTo(t, outputtest.Deps(t), strings.Replace(plain.URL, "http:", "https:", 1), nil)
	defer o.Close()
	if got := kind(send(t, o, outputtest.Docs(1))); got != "config" {
		t.Errorf("TLS to a server without it: got %s, want config", got)
	}
}

// Both paths send the same bytes, once inflated.
func TestWrappedAndGeneralBodiesAreTheSame(t *testing.T) {
	docs := outputtest.Docs(50)
	docs[3].JSON = []byte("{\"a\":\n1,\n\"b\":2}")
	var wrapped []byte
	lines := &Lines{}
	for i := range docs {
		var at int
		var err error
		if wrapped, at, err = lines.Wrap(wrapped, &docs[i]); at != 0 || err != nil {
			t.Fatalf("wrap: document at %d, %v", at, err)
		}
	}
	general := encoders{format: formatNDJSON, compression: compressionNone}
	got, err := general.body(general.get(), docs)
	if err != nil || !bytes.Equal(got, wrapped) {
		t.Errorf("the bodies differ: %v", err)
	}
	if strings.Count(string(got), "\n") != len(docs) {
		t.Errorf("%d line ends, want one for each of %d documents", strings.Count(string(got), "\n"), len(docs))
	}
	if string(docs[3].JSON) != "{\"a\":\n1,\n\"b\":2}" {
		t.Error("the document itself was changed")
	}
}

func TestBodiesAllocateNothing(t *testing.T) {
	docs := outputtest.Docs(500)
	for _, form := range forms {
		s := encoders{format: form.format, compression: form.compression}
		e := &encoder{}
		got := testing.AllocsPerRun(20, func() {
			if _, err := s.body(e, docs); err != nil {
				t.Fatal(err)
			}
		})
		if !raceEnabled && got > 4 {
			t.Errorf("%s %s: %v allocations for 500 documents, want a few at most", form.format, form.compression, got)
		}
	}
}

// A server may answer before it has read the request, and the transport may go
// on reading then what is the caller's again.
func TestABodyIsNotReadAfterItsAnswer(t *testing.T) {
	c := newCollector(t)
	o := opened(t, c, func(c *Config) { c.Compression = compressionNone }).(*Output)
	for _, h := range []nethttp.HandlerFunc{status(200), status(500), cut} {
		c.next(h)
		body := httpsend.NewBody([][]byte{[]byte("{}\n")})
		_ = o.post(t.Context(), body, 1) // however it ends
		if _, err := body.Rewind(); err == nil {
			t.Error("the body can be read after post has returned")
		}
	}
}
