using System.Globalization;
using Rlcm.Cli.Commands;
using Rlcm.Rewards.Remote;
using Rlcm.Training;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Rlcm.Cli.Reporting;

/// <summary>For a terminal: a bar and the latest figures, drawn in place.</summary>
internal sealed class LiveTrainReporter(IAnsiConsole console, TrainRequest request) : ITrainReporter
{
    private const int BarWidth = 40;

    private LiveView? _view;
    private UpdateMetrics? _update;
    private EvaluationMetrics? _first;
    private EvaluationMetrics? _latest;
    private PartialReport? _report;
    private RewardRetry? _retry; // the latest since the view was drawn, of another thread
    private RewardRetry? _shownRetry; // stays until the next update

    public void Start()
    {
        foreach (var line in TrainText.Plan(request))
            console.WriteLine(line);
    }

    public void Report(IReadOnlyList<SelfCheckResult> value)
    {
        var table = new Table().RoundedBorder().AddColumns("start-up check", string.Empty, "found");
        foreach (var check in value)
            table.AddRow(Markup.Escape(check.Name), check.Passed ? "[green]passed[/]" : "[red]FAILED[/]", Markup.Escape(check.Finding));
        console.Write(table);
    }

    public void Report(EvaluationMetrics value)
    {
        _first ??= value;
        _latest = value;
        Draw();
    }

    public void Report(UpdateMetrics value)
    {
        _update = value;
        _shownRetry = null;
        Draw();
    }

    public void Report(PartialReport value)
    {
        _report = value;
        if (_view is null)
            console.WriteLine(TrainText.Report(value));
        else
            Draw();
    }

    /// <summary>Told by another thread, which must not draw: once there is a view, it shows the latest from the next time on.</summary>
    public void Report(RewardRetry value)
    {
        if (_view is null)
            console.WriteLine(value.Message);
        else
            Interlocked.Exchange(ref _retry, value);
    }

    public void Dispose() => _view?.Dispose();

    private void Draw()
    {
        if (_update is null)
            return;
        var view = View(_update);
        if (_view is null)
            _view = new LiveView(console, view);
        else
            _view.Show(view);
    }

    private Rows View(UpdateMetrics metrics)
    {
        var updates = request.Config.Updates;
        var filled = BarWidth * metrics.Update / updates;
        var bar = new Markup($"[green]{new string('━', filled)}[/][grey]{new string('━', BarWidth - filled)}[/]  {metrics.Update}/{updates} updates  "
            + $"ETA {TrainText.Duration(TrainText.Remaining(metrics, updates))}");
        var figures = new Grid().AddColumns(2)
            .AddRow("images", $"{metrics.Queries}")
            .AddRow("reward", TrainText.Reward(metrics.RewardMean, metrics.RewardStd) + TrainText.Parts(metrics.Parts))
            .AddRow("KL", TrainText.Small(metrics.ApproxKl) + TrainText.FromBase(metrics))
            .AddRow("clipped", metrics.ClipFraction.ToString("0.00", CultureInfo.InvariantCulture))
            .AddRow("images/s", metrics.ImagesPerSecond.ToString("0.0", CultureInfo.InvariantCulture));
        if (_first is not null && _latest is not null)
            figures.AddRow("evaluation", $"{Describe(_latest)} after update {_latest.Update}, before: {Describe(_first)}");
        if (_report is { IsTuned: true })
            figures.AddRow("report", TrainText.Report(_report));
        _shownRetry = Interlocked.Exchange(ref _retry, null) ?? _shownRetry;
        if (_shownRetry is not null)
            figures.AddRow("retried", Markup.Escape(_shownRetry.Message));
        return new Rows((IRenderable[])[bar, figures]);
    }

    private static string Describe(EvaluationMetrics evaluation) =>
        TrainText.Reward(evaluation.RewardMean, evaluation.RewardStd) + TrainText.Recognized(evaluation);
}
