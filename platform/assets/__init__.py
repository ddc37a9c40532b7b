"""The software-defined assets: what each table holds, made by comparing it with what it should hold."""
