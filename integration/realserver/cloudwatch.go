//go:build integration

package realserver

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// StartMoto starts a mock of AWS, and gives this process credentials for it.
func StartMoto(t *testing.T) *Node {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed")
	}
	n := Start(t, moto)
	CloudWatchCredentials(t)
	return n
}

// CloudWatchCredentials gives the SDK's chain some, and none of this machine's.
func CloudWatchCredentials(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	for k, v := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "", "AWS_REGION": "eu-west-1",
		"AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none, "AWS_EC2_METADATA_DISABLED": "true", "AWS_PROFILE": "",
	} {
		t.Setenv(k, v)
		if v == "" { // to moto, which is started again, an empty profile is one
			_ = os.Unsetenv(k)
		}
	}
}

// CloudWatchReader is a client of the test's own.
func CloudWatchReader(t testing.TB, n *Node) *cloudwatchlogs.Client {
	t.Helper()
	cfg, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return cloudwatchlogs.NewFromConfig(cfg, func(o *cloudwatchlogs.Options) { o.BaseEndpoint = aws.String(n.URL) })
}

// CloudWatchMessages returns all messages of the groups with a prefix.
func CloudWatchMessages(t testing.TB, n *Node, prefix string) []string {
	t.Helper()
	client := CloudWatchReader(t, n)
	groups, err := client.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &prefix})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, g := range groups.LogGroups {
		streams, err := client.DescribeLogStreams(t.Context(), &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: g.LogGroupName})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range streams.LogStreams {
			all = append(all, readStream(t, client, *g.LogGroupName, *s.LogStreamName)...)
		}
	}
	return all
}

func readStream(t testing.TB, client *cloudwatchlogs.Client, group, stream string) []string {
	t.Helper()
	var all []string
	in := &cloudwatchlogs.GetLogEventsInput{LogGroupName: &group, LogStreamName: &stream, StartFromHead: aws.Bool(true)}
	for {
		page, err := client.GetLogEvents(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			all = append(all, *e.Message)
		}
		if len(page.Events) == 0 || aws.ToString(page.NextForwardToken) == aws.ToString(in.NextToken) {
			return all
		}
		in.NextToken = page.NextForwardToken
	}
}
