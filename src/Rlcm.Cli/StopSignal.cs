using System.Runtime.InteropServices;

namespace Rlcm.Cli;

/// <summary>Ctrl-C (or SIGTERM): the first asks to stop at the next good moment, the second ends the process as if nobody listened.</summary>
internal sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _registrations;
    private readonly TextWriter _error;

    /// <summary>Starts to listen; what was understood is said on <paramref name="error"/>.</summary>
    public StopSignal(TextWriter error)
    {
        _error = error;
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle)];
    }

    /// <summary>Canceled by the first signal.</summary>
    public CancellationToken Token => _stop.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _stop.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        if (_stop.IsCancellationRequested)
            return;
        context.Cancel = true;
        _stop.Cancel();
        try
        {
            _error.WriteLine("Stopping as soon as the current step is done; Ctrl-C again quits at once.");
        }
        catch (IOException)
        {
            // The terminal is gone or its disk is full: what matters is that the run stops and saves.
        }
    }
}
