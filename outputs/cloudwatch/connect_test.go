package cloudwatch

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

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

// keeper answers before it has read the request, which it sends for the second
// time, and keeps its body, as a transport may.
type keeper struct{ body io.Reader }

func (k *keeper) Do(req *http.Request) (*http.Response, error) {
	k.body, _ = req.GetBody() // nil makes the test fail
	return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: io.NopCloser(strings.NewReader("")), Request: req}, nil
}

// The memory of a body is used by the next request. The SDK closes the first
// body that it gives to the transport, and no other.
func TestABodyIsNotReadAfterSend(t *testing.T) {
	setCredentials(t)
	o := openOffline(t, nil)
	client, err := o.newClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	options, k := client.Options(), &keeper{}
	options.HTTPClient = k
	o.client.Store(cloudwatchlogs.New(options))
	if err := o.Send(t.Context(), outputtest.Request(t, o, []event.Doc{docAt(noon, 0, "")})); err == nil {
		t.Fatal("got no error")
	}
	if n, err := k.body.Read(make([]byte, 100)); n > 0 || !errors.Is(err, errReleased) {
		t.Errorf("read after Send: %d bytes, %v, want errReleased", n, err)
	}
}

func TestAnEndlessAnswerIsCutOff(t *testing.T) {
	setCredentials(t)
	var written atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		page := make([]byte, 1<<16)
		for range 64 << 20 / len(page) {
			n, err := w.Write(page)
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
		<-r.Context().Done()
	}))
	defer server.Close()
	o := openOffline(t, func(c *Config) { c.Endpoints = []string{server.URL} })
	err := o.Send(t.Context(), outputtest.Request(t, o, []event.Doc{docAt(noon, 0, "")}))
	if kindOf(err) != "plain" || len(err.Error()) > 10000 {
		t.Errorf("got %.200v, want a plain error", err)
	}
	o.http.CloseIdleConnections()
	if got := written.Load(); got > 32<<20 {
		t.Errorf("%d bytes of an answer were read", got)
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
