namespace Rlcm.Cli;

/// <summary>What the process returns.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>A mistake of the program.</summary>
    public const int ProgramError = 1;

    /// <summary>A mistake of the user's.</summary>
    public const int UserError = 2;

    /// <summary>Stopped before anything of use was done; as shells report SIGINT.</summary>
    public const int Stopped = 130;
}
