package cloudwatch

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/renthub/sluice/outputs"
)

const kindGroup = "log group"

// PlanRetention implements outputs.Retainer. Groups that are not there yet get
// the retention of their class when they are made.
func (o *Output) PlanRetention(ctx context.Context) ([]outputs.RetentionChange, error) {
	client, err := o.connect(ctx)
	if err != nil {
		return nil, err
	}
	there, err := o.listGroups(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("list log groups: %w", o.answerTo(err))
	}
	var plan []outputs.RetentionChange
	for _, class := range o.classes {
		pattern := o.targets.form.pattern(class.Name)
		for i := range there {
			if g := &there[i]; matches(pattern, aws.ToString(g.LogGroupName)) {
				plan = append(plan, planGroup(class, g))
			}
		}
		if !o.targets.form.hasClass() {
			break // all classes have the same groups and days
		}
	}
	return plan, nil
}

// planGroup is what is to be done about a group of a class.
func planGroup(class outputs.Class, g *types.LogGroup) outputs.RetentionChange {
	days := daysFor(class.Keep)
	change := outputs.RetentionChange{
		Class: class.Name, Kind: kindGroup, Name: aws.ToString(g.LogGroupName),
		Have: keepOf(aws.ToInt32(g.RetentionInDays)), Want: keepOf(days), Warning: rounding(class, days),
	}
	action, differs := outputs.CompareRetention(change.Have, change.Want)
	change.Action = action
	if policy := aws.ToString(g.RetentionPolicyName); differs && policy != "" {
		change.Action = outputs.WarnRetention
		change.Warning = fmt.Sprintf("the account's retention policy %s decides, whatever the group says of itself", policy)
	}
	return change
}

// rounding says how a class's days differ from what it says.
func rounding(class outputs.Class, days int32) string {
	switch {
	case class.Keep == 0 || keepOf(days) == class.Keep:
		return ""
	case days == 0:
		return fmt.Sprintf("%d days are more than the %d that a log group can have: it keeps for ever", class.Keep/day, retentionDays[len(retentionDays)-1])
	}
	return fmt.Sprintf("the next that a log group can have above %v", class.Keep)
}

// listGroups returns all groups whose names begin as those of the config.
func (o *Output) listGroups(ctx context.Context, client *cloudwatchlogs.Client) ([]types.LogGroup, error) {
	prefix := o.targets.form.prefix()
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(client, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &prefix})
	var all []types.LogGroup
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, page.LogGroups...)
	}
	return all, nil
}

// ApplyRetention implements outputs.Retainer.
func (o *Output) ApplyRetention(ctx context.Context, changes []outputs.RetentionChange) error {
	now, err := o.PlanRetention(ctx)
	if err != nil {
		return err
	}
	client, err := o.connect(ctx)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if !c.Action.Changes() {
			continue
		}
		if c.Action == outputs.ShortenRetention && !c.Confirmed {
			return fmt.Errorf("%s %s keeps for less than now: not without --shorten %s", c.Kind, c.Name, c.Class)
		}
		planned := c
		planned.Confirmed = false
		if !slices.Contains(now, planned) {
			return fmt.Errorf("%s %s has changed since the plan was made: plan again", c.Kind, c.Name)
		}
		if err := o.setRetention(ctx, client, c.Name, int32(c.Want/day)); err != nil {
			return err
		}
	}
	return nil
}

// setRetention sets the days of a group, 0 is for ever, and reads them back.
func (o *Output) setRetention(ctx context.Context, client *cloudwatchlogs.Client, name string, days int32) error {
	var err error
	if days == 0 {
		_, err = client.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: &name})
	} else {
		_, err = client.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &name, RetentionInDays: &days})
	}
	if err != nil {
		return o.createError("set retention of log group "+name, err)
	}
	there, err := o.describe(ctx, client, name)
	if err != nil {
		return fmt.Errorf("read back the retention of log group %s: %w", name, o.answerTo(err))
	}
	if there == nil || aws.ToInt32(there.RetentionInDays) != days {
		return fmt.Errorf("read back the retention of log group %s: it is not %d days", name, days)
	}
	return nil
}

// pattern is a class's group with a star for each value of an event.
func (f *form) pattern(class string) string {
	return string(f.group.RenderParts(nil, patternRecord(class), func(dst, value []byte) []byte {
		if bytes.IndexByte(value, '*') >= 0 {
			return append(dst, '*')
		}
		return appendConfined(dst, value)
	}))
}

// prefix is how all groups begin.
func (f *form) prefix() string {
	text := f.group.RenderParts(nil, nothing{}, func(dst, _ []byte) []byte { return append(dst, '*') })
	prefix, _, _ := strings.Cut(string(text), "*")
	return prefix
}

// matches reports whether a group's name is of a pattern. A star stands for a
// value, which has no slash.
func matches(pattern, name string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	if !strings.HasPrefix(name, first) {
		return false
	}
	name = name[len(first):]
	for end := 0; ; end++ {
		if matches(rest, name[end:]) {
			return true
		}
		if end == len(name) || !inName(name[end]) {
			return false
		}
	}
}
