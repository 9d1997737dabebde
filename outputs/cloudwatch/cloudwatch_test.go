package cloudwatch

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/internal/cwsim"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

var discard = slog.New(slog.DiscardHandler)

// noon is when the tests happen: the sample documents are of that day.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// bench is an output with a simulated service behind it.
type bench struct {
	*Output
	sim *cwsim.Server
	url string
}

// openBench opens an output with a strict simulated service. The functions
// change the settings of either.
func openBench(t testing.TB, d outputs.Deps, change func(*Config, *cwsim.Options)) *bench {
	t.Helper()
	setCredentials(t)
	b := &bench{}
	c := defaults()
	c.Region = "eu-west-1"
	s := cwsim.Options{Now: func() time.Time { return noon }, AccessKey: "AKID", Secret: "canary-secret"}
	if change != nil {
		change(&c, &s)
	}
	b.sim = cwsim.New(s)
	server := httptest.NewServer(b.sim)
	t.Cleanup(server.Close)
	b.url = server.URL
	if c.Endpoints == nil {
		c.Endpoints = []string{server.URL}
	}
	if d.Logger == nil {
		d.Logger = discard
	}
	d.Now = s.Now
	o, err := open(c, d)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	b.Output = o.(*Output)
	t.Cleanup(b.http.CloseIdleConnections)
	return b
}

// setCredentials gives the SDK's chain credentials, and none of this machine's.
func setCredentials(t testing.TB) {
	none := t.TempDir() + "/none"
	for k, v := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "canary-secret", "AWS_SESSION_TOKEN": "",
		"AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_REGION": "", "AWS_PROFILE": "", "AWS_ENDPOINT_URL": "", "AWS_CA_BUNDLE": "",
	} {
		t.Setenv(k, v)
	}
}

func (b *bench) stored() []string {
	var all []string
	for _, e := range b.sim.Events() {
		all = append(all, e.Message)
	}
	return all
}

func TestContract(t *testing.T) {
	outputtest.Run(t, func(t *testing.T, d outputs.Deps) outputtest.Target {
		b := openBench(t, d, nil)
		for _, service := range []string{"svc-0", "svc-1"} { // so that faults meet documents, not what makes a stream
			for _, class := range d.Classes {
				b.sim.Make("/sluice/"+service+"/"+class.Name, 0, "generic")
			}
		}
		next := func(f cwsim.Fault) func() { return func() { b.sim.Next("PutLogEvents", f) } }
		return outputtest.Target{
			Output: b.Output,
			Stored: b.stored,
			Faults: map[outputtest.Fault]func(){
				outputtest.RefusesSecond: func() {
					b.sim.Always("PutLogEvents", cwsim.Fault{Reject: func(m string) bool { return strings.Contains(m, `"seq":2}`) }})
				},
				outputtest.Throttles:    next(cwsim.Fault{Status: http.StatusBadRequest, Kind: "ThrottlingException"}),
				outputtest.Unavailable:  next(cwsim.Fault{Status: http.StatusServiceUnavailable, Kind: "ServiceUnavailableException"}),
				outputtest.Cuts:         next(cwsim.Fault{CutAfter: true}),
				outputtest.Garbage:      next(cwsim.Fault{Rewrite: func([]byte) []byte { return []byte("<html>welcome</html>" + string(make([]byte, 500))) }}),
				outputtest.Half:         next(cwsim.Fault{Rewrite: func(a []byte) []byte { return a[:len(a)/2] }}),
				outputtest.TooLarge:     next(cwsim.Fault{Status: http.StatusRequestEntityTooLarge}),
				outputtest.Unauthorized: next(cwsim.Fault{Status: http.StatusBadRequest, Kind: "UnrecognizedClientException"}),
				outputtest.Hangs:        next(cwsim.Fault{Hang: true}),
			},
		}
	})
}

// openOffline opens an output that will send nothing.
func openOffline(t testing.TB, change func(*Config)) *Output {
	t.Helper()
	c := defaults()
	c.Region, c.Endpoints = "eu-west-1", []string{"http://127.0.0.1:1"}
	if change != nil {
		change(&c)
	}
	o, err := open(c, outputs.Deps{Name: "test.main", Logger: discard, Now: time.Now, Classes: outputtest.Classes()})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return o.(*Output)
}
