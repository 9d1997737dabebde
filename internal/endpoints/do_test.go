package endpoints

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/internal/config"
	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/outputs"
)

func TestAFailedTryMovesTheNextToAnotherEndpoint(t *testing.T) {
	for _, balance := range []string{balanceRoundRobin, balanceLeast, balanceHash} {
		t.Run(balance, func(t *testing.T) {
			good := serve(t, say("good"))
			bad := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
			c := testConfig(bad.URL, good.URL, "127.0.0.1:1")
			c.Balance = balance
			g := openGroup(t, c, testDeps())
			failed := 0
			for range 20 {
				got, err := ask(t, g, "key")
				if err != nil || got != "good" {
					failed++
				}
			}
			if failed > 2 {
				t.Errorf("got %d failures of 20 tries, want at most one for each bad endpoint", failed)
			}
		})
	}
}

func TestARequestIsSentWithItsPathAndLength(t *testing.T) {
	var path, body, host, auth string
	var length int64
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		path, body, host, auth, length = r.URL.RequestURI(), string(b), r.Host, r.Header.Get("Authorization"), r.ContentLength
	})
	d := testDeps()
	d.Authorize = func(r *http.Request) error {
		r.Header.Set("Authorization", "for "+r.URL.Host)
		return nil
	}
	g := openGroup(t, testConfig(s.URL+"/base/"), d)
	req, err := http.NewRequest(http.MethodPost, "http://placeholder/a%2Fb?c=d", httpsend.NewBody([][]byte{[]byte("abc"), []byte("def")}))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := g.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	httpsend.Finish(answer.Body)
	at := strings.TrimPrefix(s.URL, "http://")
	if path != "/base/a%2Fb?c=d" || body != "abcdef" || length != 6 || host != at || auth != "for "+at {
		t.Errorf("got %s %q of %d to %s with %q", path, body, length, host, auth)
	}
	if req.Header.Get("Authorization") != "" || req.URL.Host != "placeholder" {
		t.Error("the caller's request was changed")
	}
}

func TestAnAnswerHasAnEnd(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	})
	d := testDeps()
	d.MaxAnswer = 10_000
	g := openGroup(t, testConfig(s.URL), d)
	got, err := ask(t, g, "")
	if len(got) != 10_000 || !errors.Is(err, httpsend.ErrLong) {
		t.Errorf("got %d bytes, %v, want 10000, ErrLong", len(got), err)
	}
}

func TestAnswersThatDripAreLeftAtTheTimeout(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			if _, err := io.WriteString(w, " "); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			select {
			case <-tick.C:
			case <-r.Context().Done():
				return
			}
		}
	})
	c := testConfig(s.URL)
	c.Timeout = config.Duration(time.Second)
	g := openGroup(t, c, testDeps())
	start := time.Now()
	_, err := ask(t, g, "")
	if !errors.Is(err, errTimeout) || time.Since(start) > 3*time.Second {
		t.Errorf("got %v after %v, want errTimeout after 1s", err, time.Since(start))
	}
	if s := g.Status()[0]; s.LastError == "" {
		t.Error("the endpoint has no failure")
	}
}

func TestWhileAllAreOpenTheErrorSaysWhichAndWhyAndUntilWhen(t *testing.T) {
	c := testConfig("127.0.0.1:1")
	c.Breaker.Failures = 2
	c.Breaker.CoolDown, c.Breaker.MaxCoolDown = config.Duration(time.Minute), config.Duration(time.Minute)
	g := openGroup(t, c, testDeps())
	for range 2 {
		if _, err := ask(t, g, ""); err == nil {
			t.Fatal("got no error")
		}
	}
	_, err := ask(t, g, "")
	var unreachable *outputs.Unreachable
	if !errors.As(err, &unreachable) || unreachable.After <= 0 || unreachable.After > time.Minute {
		t.Fatalf("got %v, want Unreachable within a minute", err)
	}
	for _, part := range []string{"127.0.0.1:1", "failed 2 times", "refused"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

func TestACancelledTryIsNoFailure(t *testing.T) {
	started := make(chan struct{}, 10)
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		started <- struct{}{}
		<-r.Context().Done()
	})
	g := openGroup(t, testConfig(s.URL), testDeps())
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-started
		cancel()
	}()
	req, err := http.NewRequest(http.MethodGet, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Do(ctx, req, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if s := g.Status()[0]; s.LastError != "" || s.InFlight != 0 {
		t.Errorf("got %+v, want no failure and nothing in flight", s)
	}
	if _, used := g.Limit(); used != 0 {
		t.Errorf("%d permits are still used", used)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	asked := 0
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	if _, err := ask(t, openGroup(t, testConfig(s.URL), testDeps()), ""); err != nil || asked != 1 {
		t.Errorf("got %d requests, %v, want 1", asked, err)
	}
}

func TestEveryTryGivesItsPermitBack(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Want") {
		case "cut":
			panic(http.ErrAbortHandler)
		case "half":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		case "503":
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	for _, want := range []string{"ok", "cut", "half", "503", "refused by us", "all open"} {
		t.Run(want, func(t *testing.T) {
			d := testDeps()
			if want == "refused by us" {
				d.Authorize = func(*http.Request) error { return errTest }
			}
			c := testConfig(s.URL)
			c.Breaker.Failures = 1
			g := openGroup(t, c, d)
			for range 5 { // more than there are permits
				req := mustRequest(t)
				req.Header.Set("Want", strings.Replace(want, "all open", "cut", 1))
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				if answer, err := g.Do(ctx, req, ""); err == nil {
					_, _ = io.ReadAll(answer.Body)
					_ = answer.Body.Close()
					_ = answer.Body.Close()
				} else if errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want permits to be free", err)
				}
				cancel()
			}
			if _, used := g.Limit(); used != 0 {
				t.Errorf("%d permits are still used", used)
			}
			s := g.Status()[0]
			if failed := want == "cut" || want == "half" || want == "503" || want == "all open"; failed != (s.LastError != "") || s.InFlight != 0 {
				t.Errorf("got %+v, want failed %v and nothing in flight", s, failed)
			}
		})
	}
}

func TestABodyCanSayWhatItsStatusDoesNot(t *testing.T) {
	s := serve(t, say(`{"errors":true}`))
	c := testConfig(s.URL)
	c.InFlight = 8
	g := openGroup(t, c, testDeps())
	answer, err := g.RoundTrip(mustRequest(t))
	if err != nil {
		t.Fatal(err)
	}
	ReportBody(answer.Body, Throttled, nil)
	_ = answer.Body.Close()
	if size, _ := g.Limit(); size != 5 {
		t.Errorf("got a limit of %d after all was refused, want 5", size)
	}
	ReportBody(io.NopCloser(strings.NewReader("")), Failed, nil) // another's body
}

func TestWhatIsLessSafeThanItCouldBeIsSaid(t *testing.T) {
	for want, change := range map[string]func(*Config, *Deps){
		"credentials are sent without encryption": func(_ *Config, d *Deps) { d.Credentials = true },
		"certificates are not verified":           func(c *Config, _ *Deps) { c.TLSSkipVerify = true },
	} {
		var said strings.Builder
		c, d := testConfig("http://a:9200"), testDeps()
		d.Logger = slog.New(slog.NewTextHandler(&said, nil))
		change(&c, &d)
		openGroup(t, c, d)
		if !strings.Contains(said.String(), want) {
			t.Errorf("got %q, want a warning that %s", said.String(), want)
		}
	}
}
