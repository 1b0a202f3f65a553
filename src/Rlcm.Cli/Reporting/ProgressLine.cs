using Spectre.Console;

namespace Rlcm.Cli.Reporting;

/// <summary>One line on how a long job is going: in a terminal drawn again, elsewhere a line every <see cref="PlainInterval"/>.</summary>
internal sealed class ProgressLine(Terminal terminal, TimeProvider time) : IDisposable
{
    /// <summary>Time between plain lines.</summary>
    public static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LiveInterval = TimeSpan.FromSeconds(0.5);

    private readonly TimeSpan _interval = terminal.Live is null ? PlainInterval : LiveInterval;
    private long _last = time.GetTimestamp();
    private LiveView? _view;

    /// <summary>Whether it is time for the next line.</summary>
    public bool IsDue => time.GetElapsedTime(_last) >= _interval;

    /// <summary>Shows <paramref name="line"/>.</summary>
    public void Show(string line)
    {
        _last = time.GetTimestamp();
        if (terminal.Live is not { } console)
            terminal.Output.WriteLine(line);
        else if (_view is null)
            _view = new LiveView(console, new Text(line));
        else
            _view.Show(new Text(line));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _view?.Dispose();
        terminal.Output.Flush();
    }
}
