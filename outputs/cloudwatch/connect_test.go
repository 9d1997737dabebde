package cloudwatch

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/cwsim"
	"github.com/renthub/sluice/outputs/outputtest"
)

// fakeSTS gives credentials that the simulator takes to whoever asks for role.
func fakeSTS(t *testing.T, role string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		action := r.FormValue("Action")
		if r.FormValue("RoleArn") != role || action == "AssumeRoleWithWebIdentity" && r.FormValue("WebIdentityToken") != "token-of-the-pod" {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`)
			return
		}
		fmt.Fprintf(w, `<%sResponse><%sResult><Credentials><AccessKeyId>ROLE</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>
			<SessionToken>session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
			<AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/x/sluice</Arn><AssumedRoleId>x:sluice</AssumedRoleId></AssumedRoleUser></%sResult></%sResponse>`, action, action, action, action)
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
}

func TestARoleIsAssumed(t *testing.T) {
	const role = "arn:aws:iam::123456789012:role/logs"
	fakeSTS(t, role)
	b := openBench(t, outputtest.Deps(t), func(c *Config, s *cwsim.Options) {
		c.RoleARN, c.ExternalID = role, "x"
		s.AccessKey, s.Secret = "ROLE", "role-secret"
	})
	if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); err != nil {
		t.Fatalf("send: %v", err)
	}
	b.config.RoleARN = "arn:aws:iam::123456789012:role/other"
	b.client.Store(nil)
	if err := try(t, b, []event.Doc{docAt(noon, 1, "")}); kindOf(err) != "config" {
		t.Errorf("a role that may not be assumed: got %v, want Misconfigured", err)
	}
}

// As a pod with a service account has it.
func TestAWebIdentityIsUsed(t *testing.T) {
	const role = "arn:aws:iam::123456789012:role/pod"
	fakeSTS(t, role)
	b := openBench(t, outputtest.Deps(t), func(_ *Config, s *cwsim.Options) { s.AccessKey, s.Secret = "ROLE", "role-secret" })
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("token-of-the-pod"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_ROLE_ARN", role)
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path)
	if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); err != nil {
		t.Fatalf("send: %v", err)
	}
	wantNumbers(t, b, 0)
}

func TestRotatedCredentialsOfAProfileAreRead(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(c *Config, _ *cwsim.Options) { c.Profile = "logs" })
	path := filepath.Join(t.TempDir(), "credentials")
	write := func(secret string) {
		t.Helper()
		if err := os.WriteFile(path, []byte("[logs]\naws_access_key_id = AKID\naws_secret_access_key = "+secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", path)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	write("canary-old")
	err := try(t, b, []event.Doc{docAt(noon, 0, "")})
	if kindOf(err) != "config" || strings.Contains(err.Error(), "canary") {
		t.Errorf("the old secret: got %v, want Misconfigured without the secret", err)
	}
	write("canary-secret")
	if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); err != nil {
		t.Errorf("the new secret: %v", err)
	}
}

func TestEndpointsOfTheSDK(t *testing.T) {
	tests := []struct {
		change func(*Config)
		want   string
	}{
		{func(*Config) {}, "logs.us-east-1.amazonaws.com:443"},
		{func(c *Config) { c.FIPS = true }, "logs-fips.us-east-1.amazonaws.com:443"},
		{func(c *Config) { c.DualStack = true }, "logs.us-east-1.api.aws:443"},
		{func(c *Config) { c.Region = "cn-north-1" }, "logs.cn-north-1.amazonaws.com.cn:443"},
		{func(c *Config) { c.Endpoints = []string{"https://vpce-1.example/"} }, "vpce-1.example:443"},
	}
	setCredentials(t)
	for _, tt := range tests {
		o := openOffline(t, func(c *Config) {
			c.Region, c.Endpoints = "us-east-1", nil
			tt.change(c)
		})
		client, err := o.connect(t.Context())
		if err != nil {
			t.Fatalf("connect: %v", err)
		}
		c := check{o: o, client: client}
		if got, secure, err := c.endpoint(t.Context()); got != tt.want || !secure || err != nil {
			t.Errorf("got %s, %v, %v, want %s", got, secure, err, tt.want)
		}
	}
}

// A server that answers before it has read the request leaves the transport
// reading it, whose memory the next request uses. The race detector sees it.
func TestABodyIsNotReadAfterSend(t *testing.T) {
	setCredentials(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	o := openOffline(t, func(c *Config) { c.Endpoints = []string{server.URL} })
	defer o.http.CloseIdleConnections()
	r := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 900000)
	for i := range noise {
		noise[i] = byte('0' + r.IntN(70))
	}
	for n := range 20 {
		d := docAt(noon, n, string(noise))
		if err := o.Send(t.Context(), outputtest.Request(t, o, []event.Doc{d})); err == nil {
			t.Fatal("got no error")
		}
	}
}

func TestAnEndlessAnswerIsCutOff(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), nil)
	b.sim.Make("/sluice/s/audit", 0, "h")
	b.sim.Next("PutLogEvents", cwsim.Fault{Status: 500, Body: strings.Repeat("x", 64<<20)})
	if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); kindOf(err) != "plain" || len(err.Error()) > 10000 {
		t.Errorf("got %.200v, want a plain error", err)
	}
}

// The service refuses signatures that are five minutes off: the SDK corrects
// them by the Date of the refusal.
func TestAClockThatIsOffIsCorrected(t *testing.T) {
	b := openBench(t, outputtest.Deps(t), func(_ *Config, s *cwsim.Options) { s.CheckClock = true }) // the service has noon
	b.now = time.Now
	err := try(t, b, []event.Doc{docAt(noon, 0, "")})
	if kindOf(err) != "config" {
		t.Errorf("the first: got %v, want Misconfigured", err)
	}
	for n := range 3 {
		if err := try(t, b, []event.Doc{docAt(noon, n, "")}); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
	b.client.Store(nil)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	for range 5 {
		if err := try(t, b, []event.Doc{docAt(noon, 0, "")}); kindOf(err) != "config" {
			t.Errorf("with a wrong secret: got %v, want Misconfigured", err)
		}
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
	for range 3 {
		if err = try(t, b, []event.Doc{docAt(noon, 3, "")}); err == nil {
			break
		}
	}
	if err != nil {
		t.Errorf("with the right one: %v", err)
	}
}
