using Rlcm.Runtime;

Console.WriteLine(NativeTorch.Preparation);
