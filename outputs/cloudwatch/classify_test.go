package cloudwatch

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/cwsim"
	"github.com/renthub/sluice/outputs"
	"github.com/renthub/sluice/outputs/outputtest"
)

func kindOf(err error) string {
	var partial *outputs.Partial
	var throttled *outputs.Throttled
	var config *outputs.Misconfigured
	var poisoned *outputs.Poisoned
	switch {
	case err == nil:
		return "taken"
	case errors.As(err, &partial):
		return "partial"
	case errors.As(err, &throttled):
		return "throttled"
	case errors.As(err, &config):
		return "config"
	case errors.As(err, &poisoned):
		return "poisoned"
	case errors.Is(err, outputs.ErrTooLarge):
		return "large"
	}
	return "plain"
}

func TestRefusals(t *testing.T) {
	body := func(kind, message string) string { return `{"__type":"` + kind + `","message":"` + message + `"}` }
	tests := []struct {
		name  string
		fault cwsim.Fault
		want  string
	}{
		{"throttling", cwsim.Fault{Status: 400, Kind: "ThrottlingException"}, "throttled"},
		{"throttling with a name space", cwsim.Fault{Status: 400, Kind: "com.amazonaws.logs#ThrottlingException"}, "throttled"},
		{"too many requests", cwsim.Fault{Status: 429}, "throttled"},
		{"unavailable", cwsim.Fault{Status: 503, Kind: "ServiceUnavailableException"}, "plain"},
		{"unavailable for a time", cwsim.Fault{Status: 503, Header: http.Header{"Retry-After": {"3"}}}, "throttled"},
		{"internal", cwsim.Fault{Status: 500, Kind: "InternalFailure"}, "plain"},
		{"bad gateway", cwsim.Fault{Status: 502, Body: "<html>"}, "plain"},
		{"unknown client", cwsim.Fault{Status: 400, Kind: "UnrecognizedClientException"}, "config"},
		{"denied", cwsim.Fault{Status: 400, Kind: "AccessDeniedException"}, "config"},
		{"expired", cwsim.Fault{Status: 400, Kind: "ExpiredTokenException"}, "config"},
		{"signature", cwsim.Fault{Status: 400, Kind: "InvalidSignatureException"}, "config"},
		{"a name that cannot be", cwsim.Fault{Status: 400, Body: body("InvalidParameterException", "1 validation error detected: Value 'x' at 'logGroupName' failed")}, "config"},
		{"a name that reads like a message", cwsim.Fault{Status: 400, Body: body("InvalidParameterException", "Value 'message: too large' at 'logStreamName' failed to satisfy constraint")}, "config"},
		{"order", cwsim.Fault{Status: 400, Body: body("InvalidParameterException", "Log events in a single PutLogEvents request must be in chronological order.")}, "large"},
		{"size", cwsim.Fault{Status: 400, Body: body("InvalidParameterException", "Upload too large: 1048577 bytes exceeds limit of 1048576")}, "large"},
		{"an empty message", cwsim.Fault{Status: 400, Body: body("InvalidParameterException", "Value '' at 'logEvents.1.member.message' failed to satisfy constraint")}, "large"},
		{"a body that is none", cwsim.Fault{Status: 400, Kind: "SerializationException"}, "large"},
		{"too large for a proxy", cwsim.Fault{Status: 413, Body: "<html>"}, "large"},
		{"a proxy that wants credentials", cwsim.Fault{Status: 407}, "config"},
		{"a redirect", cwsim.Fault{Status: 307, Header: http.Header{"Location": {"http://127.0.0.1:1/"}}}, "config"},
		{"a 400 without a name", cwsim.Fault{Status: 400, Body: "<html>"}, "config"},
		{"a 400 of a name we do not know", cwsim.Fault{Status: 400, Kind: "SurprisingException"}, "config"},
		{"accepted before", cwsim.Fault{Status: 400, Kind: "DataAlreadyAcceptedException"}, "taken"},
		{"a sequence token", cwsim.Fault{Status: 400, Kind: "InvalidSequenceTokenException"}, "plain"},
		{"an aborted operation", cwsim.Fault{Status: 400, Kind: "OperationAbortedException"}, "plain"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := openBench(t, outputtest.Deps(t), nil)
			b.sim.Make("/sluice/s/audit", 0, "h")
			b.sim.Next("PutLogEvents", tt.fault)
			docs := []event.Doc{docAt(noon, 0, ""), docAt(noon, 1, "")}
			err := try(t, b, docs)
			if got := kindOf(err); got != tt.want {
				t.Errorf("got %s (%v), want %s", got, err, tt.want)
			}
			if got := b.sim.Calls("PutLogEvents"); got != 1 {
				t.Errorf("got %d calls, want 1: the pipeline retries", got)
			}
			if err := try(t, b, docs); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

func TestPausesThatAreAskedFor(t *testing.T) {
	tests := []struct {
		header http.Header
		want   time.Duration
	}{
		{http.Header{"X-Amz-Retry-After": {"1500"}}, 1500 * time.Millisecond},
		{http.Header{"X-Amz-Retry-After": {"999999999"}}, 5 * time.Minute},
		{http.Header{"X-Amz-Retry-After": {"soon"}, "Retry-After": {"2"}}, 2 * time.Second},
		{http.Header{"Retry-After": {"2"}}, 2 * time.Second},
		{nil, 0},
	}
	for _, tt := range tests {
		b := openBench(t, outputtest.Deps(t), nil)
		b.sim.Make("/sluice/s/audit", 0, "h")
		b.sim.Next("PutLogEvents", cwsim.Fault{Status: 400, Kind: "ThrottlingException", Header: tt.header})
		err := try(t, b, []event.Doc{docAt(noon, 0, "")})
		var throttled *outputs.Throttled
		if !errors.As(err, &throttled) || throttled.After != tt.want {
			t.Errorf("%v: got %v, want a pause of %v", tt.header, err, tt.want)
		}
	}
}

func TestCredentialsThatAreMissingNeedAPerson(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); kindOf(err) != "config" {
		t.Errorf("without credentials: got %v, want Misconfigured", err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKID")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); kindOf(err) != "config" {
		t.Errorf("with a wrong secret: got %v, want Misconfigured", err)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "canary-secret") // a person acted
	if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); err != nil {
		t.Errorf("with the right one: %v", err)
	}
}

func TestARegionThatIsMissingNeedsAPerson(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(c *Config, _ *cwsim.Options) { c.Region = "" })
	if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); kindOf(err) != "config" {
		t.Errorf("got %v, want Misconfigured", err)
	}
	t.Setenv("AWS_REGION", "eu-west-1")
	if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); err != nil {
		t.Errorf("with AWS_REGION: %v", err)
	}
}
