package cloudwatch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/smithy-go"

	"github.com/renthub/sluice/internal/httpsend"
	"github.com/renthub/sluice/outputs"
)

// Check implements outputs.Checker.
func (o *Output) Check(ctx context.Context) []outputs.Finding {
	c := check{o: o}
	if c.credentials(ctx) && c.connect(ctx) {
		allowed := c.rights(ctx)
		c.clock() // which can be why a signature was refused
		if allowed {
			c.retention(ctx)
		}
	}
	return c.found
}

// check is one run of Check.
type check struct {
	o      *Output
	client *cloudwatchlogs.Client
	found  []outputs.Finding
}

func (c *check) passed(step, format string, args ...any) bool {
	c.found = append(c.found, outputs.Finding{Step: step, Status: outputs.CheckPassed, Detail: fmt.Sprintf(format, args...)})
	return true
}

func (c *check) warned(step, hint, format string, args ...any) bool {
	c.found = append(c.found, outputs.Finding{Step: step, Status: outputs.CheckWarned, Detail: fmt.Sprintf(format, args...), Hint: hint})
	return true
}

func (c *check) failed(step, hint string, err error) bool {
	c.found = append(c.found, outputs.Finding{Step: step, Status: outputs.CheckFailed, Detail: oneLine(err), Hint: hint})
	return false
}

// credentials looks for a region and for credentials.
func (c *check) credentials(ctx context.Context) bool {
	const step = "credentials"
	var err error
	if c.client, err = c.o.connect(ctx); err != nil {
		return c.failed(step, "set region in the output, or AWS_REGION, and check the shared config file", err)
	}
	options := c.client.Options()
	found, err := options.Credentials.Retrieve(ctx)
	if err != nil {
		return c.failed(step, "give the agent a role (IRSA, instance profile), a profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", err)
	}
	if found.CanExpire {
		return c.passed(step, "from %s, good until %s, region %s", found.Source, found.Expires.UTC().Format(time.RFC3339), options.Region)
	}
	return c.passed(step, "from %s, region %s", found.Source, options.Region)
}

// connect resolves the service's host and connects to it.
func (c *check) connect(ctx context.Context) bool {
	host, secure, err := c.endpoint(ctx)
	if err != nil {
		return c.failed("resolve", "check region and endpoints", err)
	}
	if proxy := c.proxy(host, secure); proxy != "" {
		return c.passed("connect", "through the proxy %s, which is for the next steps to show", proxy)
	}
	name, port, _ := net.SplitHostPort(host) // made by endpoint
	addresses, err := net.DefaultResolver.LookupHost(ctx, name)
	if err != nil {
		return c.failed("resolve", "check region, endpoints and this machine's DNS", err)
	}
	c.passed("resolve", "%s has %d addresses", name, len(addresses))
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", net.JoinHostPort(name, port))
	if err != nil {
		return c.failed("connect", "open the way to it, or set HTTPS_PROXY", err)
	}
	defer conn.Close()
	c.passed("connect", "%s", conn.RemoteAddr())
	if !secure {
		return c.warned("tls", "use https", "logs are sent to %s without encryption", host)
	}
	settings := c.o.http.TLSClientConfig.Clone()
	settings.ServerName = name
	secured := tls.Client(conn, settings)
	if err := secured.HandshakeContext(ctx); err != nil {
		return c.failed("tls", "set ca_file if a proxy of your own is in between", err)
	}
	left := time.Until(secured.ConnectionState().PeerCertificates[0].NotAfter)
	return c.passed("tls", "certificate is good for %d days", left/day)
}

// proxy is the host of the proxy on the way to the service, or "".
func (c *check) proxy(host string, secure bool) string {
	u := url.URL{Scheme: "http", Host: host}
	if secure {
		u.Scheme = "https"
	}
	proxy, err := c.o.http.Proxy(&http.Request{URL: &u})
	if err != nil || proxy == nil {
		return ""
	}
	return proxy.Host
}

// endpoint is the service's host and port.
func (c *check) endpoint(ctx context.Context) (host string, secure bool, err error) {
	options := c.client.Options()
	at, err := options.EndpointResolverV2.ResolveEndpoint(ctx, cloudwatchlogs.EndpointParameters{
		Region: &options.Region, Endpoint: options.BaseEndpoint,
		UseFIPS: aws.Bool(c.o.config.FIPS), UseDualStack: aws.Bool(c.o.config.DualStack),
	})
	if err != nil {
		return "", false, err
	}
	u := url.URL(at.URI)
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port), u.Scheme == "https", nil
}

const notThere = "sluice-doctor-asks-for-what-is-not-there"

// nowhere is a name as groups have it. names is false if there is no other than
// the one group of all documents.
func (c *check) nowhere() (group string, names bool) {
	class := ""
	if len(c.o.classes) > 0 {
		class = c.o.classes[0].Name
	}
	pattern := c.o.targets.form.pattern(class)
	group = strings.ReplaceAll(pattern, "*", notThere)
	return group[:min(len(group), maxName)], group != pattern
}

// rights asks for what is sure not to be there: who may do a thing is told that
// it is missing, and who may not is told that.
func (c *check) rights(ctx context.Context) bool {
	nowhere, names := c.nowhere()
	days, name := int32(1), notThere
	l := &lane{name: name, stream: &stream{group: &group{name: nowhere}}}
	body := []item{{time: c.o.now().UnixMilli(), text: []byte("sluice doctor"), last: true}}
	asked := []struct {
		action string
		needed bool
		ask    func() error
	}{
		{"logs:PutLogEvents", true, func() error {
			_, err := c.o.put(ctx, c.client, l, body)
			return err
		}},
		{"logs:CreateLogStream", c.o.config.Bootstrap != bootstrapNever, func() error {
			_, err := c.client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &nowhere, LogStreamName: &name})
			return err
		}},
		{"logs:PutRetentionPolicy", false, func() error {
			_, err := c.client.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &nowhere, RetentionInDays: &days})
			return err
		}},
	}
	if !names {
		asked = asked[:1] // the group may be there: nothing else can be asked without changing it
	}
	for _, a := range asked {
		err := a.ask()
		switch {
		case err == nil || isNotFound(err):
			c.passed("rights", "may %s", a.action)
		case isDenied(err) && !a.needed:
			c.warned("rights", "allow it, or set the retention of log groups yourself", "may not %s", a.action)
		case isDenied(err):
			return c.failed("rights", "allow "+a.action+" on the log groups "+c.o.targets.form.prefix()+"*", err)
		case errors.As(err, new(smithy.APIError)):
			return c.failed("log in", "check the credentials and this machine's clock", err)
		default:
			return c.failed("log in", "check the way to the service", err)
		}
	}
	return true
}

// clock compares clocks: a signature is refused five minutes off, and events
// are judged by the service's.
func (c *check) clock() {
	heard := c.o.clock.heard.Load()
	if heard == nil {
		return
	}
	ahead := heard.Round(time.Second)
	if ahead.Abs() > time.Minute {
		c.warned("clock", "set this machine's clock", "the service's clock is %v ahead", ahead)
		return
	}
	c.passed("clock", "the service's clock is %v ahead", ahead)
}

// retention reads back how long groups keep.
func (c *check) retention(ctx context.Context) {
	const step = "retention"
	plan, err := c.o.PlanRetention(ctx)
	if err != nil {
		c.warned(step, "allow logs:DescribeLogGroups to see what log groups really keep", "%s", oneLine(err))
		return
	}
	right := 0
	for _, change := range plan {
		if change.Action == outputs.KeepRetention {
			right++
			continue
		}
		detail := fmt.Sprintf("log group %s keeps %s, class %s says %s", change.Name, daysText(change.Have), change.Class, daysText(change.Want))
		if change.Action == outputs.WarnRetention {
			detail += ": " + change.Warning
		}
		c.warned(step, "sluice retention plan", "%s", detail)
	}
	if right == len(plan) {
		c.passed(step, "all %d log groups that are there keep what their classes say", right)
	}
}

// oneLine is an error as a finding shows it.
func oneLine(err error) string { return httpsend.Excerpt(err.Error(), maxReason) }

func daysText(keep time.Duration) string {
	if keep == 0 {
		return "for ever"
	}
	return fmt.Sprintf("%d days", keep/day)
}
