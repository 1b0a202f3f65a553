using Spectre.Console;
using Spectre.Console.Rendering;

namespace Rlcm.Cli.Reporting;

/// <summary>A block of a terminal that is drawn again and again, until disposed; the last state stays.</summary>
internal sealed class LiveView : IDisposable
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<LiveDisplayContext> _context = new();
    private readonly Task _display;

    /// <summary>Starts with <paramref name="first"/>.</summary>
    public LiveView(IAnsiConsole console, IRenderable first) => _display = console.Live(first).StartAsync(context =>
    {
        context.Refresh();
        _context.SetResult(context);
        return _done.Task;
    });

    /// <summary>Draws <paramref name="view"/> in place of what is there.</summary>
    public void Show(IRenderable view) => _context.Task.GetAwaiter().GetResult().UpdateTarget(view);

    /// <inheritdoc/>
    public void Dispose()
    {
        _done.TrySetResult();
        _display.GetAwaiter().GetResult();
    }
}
